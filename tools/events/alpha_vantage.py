"""Earnings dates of the next three months from Alpha Vantage (needs ALPHAVANTAGE_API_KEY)."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from domain.errors import Transient
from domain.market import Event, EventCalendar
from tools.alpha_vantage_api import AlphaVantageSettings, ask_for_csv
from tools.events import EVENTS

NEW_YORK = ZoneInfo("America/New_York")
NOON = time(12, 0)
"""The table gives days; rules count days around them."""


@EVENTS.register
class AlphaVantageEvents:
    """Implements `domain.ports.Events` for earnings: one request tells all companies."""

    name = "alpha_vantage"

    def __init__(self, settings: AlphaVantageSettings | None = None) -> None:
        self._given = settings

    def calendar(self, symbols: Sequence[str], since: datetime, until: datetime) -> EventCalendar:
        """Tell the earnings days of `symbols` in [since, until); fetched now, said to be as old as `since`.

        Raises:
            Transient: no answer, or none that can be read.
        """
        settings = self._given or AlphaVantageSettings()
        rows = ask_for_csv(settings, {"function": "EARNINGS_CALENDAR", "horizon": "3month"})
        try:
            days = [(row["symbol"], date.fromisoformat(row["reportDate"])) for row in rows if row["symbol"] in symbols]
        except (KeyError, ValueError, TypeError):
            raise Transient("Alpha Vantage's earnings calendar can't be read") from None
        events = [Event(kind="earnings", at=_noon(day), symbol=symbol) for symbol, day in sorted(set(days))]
        return EventCalendar(
            events=tuple(event for event in events if since <= event.at < until),
            covers=("earnings",) if rows else (),
            fetched_at=since,
        )


def _noon(day: date) -> datetime:
    return datetime.combine(day, NOON, NEW_YORK).astimezone(UTC)
