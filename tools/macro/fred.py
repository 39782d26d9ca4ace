"""Rates, spreads, inflation, growth and the VIX from FRED, each by the day it was published.

Without a key: today's (revised) values, known from a documented lag after their period on. With FRED_API_KEY: what was
known on the day, from the vintages of ALFRED.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from domain.errors import Transient
from domain.market import MacroReading, Provenance
from tools.fred_api import Fred, FredSettings
from tools.macro import MACRO

NEW_YORK = ZoneInfo("America/New_York")
LOOK_BACK = timedelta(days=800)
OLDEST = {"day": timedelta(days=14), "month": timedelta(days=100), "quarter": timedelta(days=220)}
"""A value of a period that began longer ago than this is history, no reading."""
A_YEAR = 12


class Series(NamedTuple):
    """One series: its period, how many days after the period's end it is out at the latest, and what is told of it."""

    id: str
    name: str
    unit: str
    period: str
    lag_days: int
    yearly_change: bool = False


SERIES = (
    Series("FEDFUNDS", "federal funds rate", "%", "month", 4),
    Series("DGS2", "2-year Treasury yield", "%", "day", 1),
    Series("DGS10", "10-year Treasury yield", "%", "day", 1),
    Series("T10Y2Y", "10-year less 2-year yield", "points", "day", 1),
    Series("BAMLH0A0HYM2", "high-yield spread", "%", "day", 2),
    Series("CPIAUCSL", "consumer prices against a year before", "%", "month", 20, yearly_change=True),
    Series("UNRATE", "unemployment rate", "%", "month", 12),
    Series("GDPC1", "real GDP against a year before", "%", "quarter", 35, yearly_change=True),
)
VIX = Series("VIXCLS", "VIX close", "points", "day", 1)


class _Known(NamedTuple):
    reference: date
    value: float
    known_at: datetime


@MACRO.register
class FredMacro:
    """Implements `domain.ports.Macro` and `domain.ports.VolatilityIndex`."""

    name = "fred"

    def __init__(self, settings: FredSettings | None = None) -> None:
        self._fred = Fred(settings)

    def readings(self, as_of: datetime) -> tuple[MacroReading, ...]:
        """Tell the newest value of each series that was known before `as_of`; raises Transient."""
        found = []
        for series in SERIES:
            known = self._known(series, as_of)
            last = _yearly(known) if series.yearly_change else next(reversed(known), None)
            if last is None or as_of.date() - last.reference > OLDEST[series.period]:
                continue
            found.append(
                MacroReading(
                    series=series.id,
                    name=series.name,
                    value=last.value,
                    unit=series.unit,
                    reference=last.reference,
                    known_at=last.known_at,
                    provenance=Provenance.REAL if self._fred.has_key else Provenance.DERIVED,
                )
            )
        return tuple(found)

    def vix(self, as_of: datetime) -> float | None:
        """Tell the newest VIX close known at `as_of`, in points; None where it is older than two weeks."""
        known = self._known(VIX, as_of)
        fresh = bool(known) and as_of.date() - known[-1].reference <= OLDEST["day"]
        return known[-1].value if fresh else None

    def _known(self, series: Series, as_of: datetime) -> list[_Known]:
        """List what was known before `as_of`, by period, each with the newest value then."""
        since = as_of.date() - LOOK_BACK
        told = self._vintages(series, since, as_of) if self._fred.has_key else self._lagged(series, since)
        newest: dict[date, _Known] = {}
        for one in sorted(told, key=lambda one: one.known_at):
            if one.known_at < as_of:
                newest[one.reference] = one
        return [newest[reference] for reference in sorted(newest)]

    def _lagged(self, series: Series, since: date) -> list[_Known]:
        return [
            _Known(day, value, _morning(_period_end(day, series.period) + timedelta(days=series.lag_days)))
            for day, value in self._fred.values(series.id, since)
        ]

    def _vintages(self, series: Series, since: date, as_of: datetime) -> list[_Known]:
        told = self._fred.ask(
            "series/observations",
            {
                "series_id": series.id,
                "observation_start": since.isoformat(),
                "realtime_start": since.isoformat(),
                "realtime_end": as_of.astimezone(NEW_YORK).date().isoformat(),
            },
        )
        try:
            return [
                _Known(
                    date.fromisoformat(one["date"]),
                    float(one["value"]),
                    _morning(date.fromisoformat(one["realtime_start"]) + timedelta(days=1)),
                )
                for one in told["observations"]
                if one["value"] != "."
            ]
        except (KeyError, TypeError, ValueError):
            raise Transient(f"FRED's vintages of {series.id} can't be read") from None


def _yearly(known: list[_Known]) -> _Known | None:
    """The newest value against that of the same period a year before, in per cent, both as they were known then.

    A period that was never published, or whose year before was not, is passed over.
    """
    values = {one.reference: one.value for one in known}
    for one in reversed(known):
        before = values.get(one.reference.replace(year=one.reference.year - 1))
        if before:
            return one._replace(value=100.0 * (one.value / before - 1.0))
    return None


def _period_end(day: date, period: str) -> date:
    if period == "day":
        return day
    months = day.month - 1 + (1 if period == "month" else 3)
    return date(day.year + months // A_YEAR, months % A_YEAR + 1, 1) - timedelta(days=1)


def _morning(day: date) -> datetime:
    """Midnight in New York: from then on, the whole of `day`, it is known."""
    return datetime.combine(day, time(), NEW_YORK).astimezone(UTC)
