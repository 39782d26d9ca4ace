"""Event dates from a file: the one beside this module, or your own (`PM_EVENTS_FILE`), with the age it states."""

import tomllib
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.errors import BadInput
from domain.market import Event, EventCalendar
from domain.proposal import describe
from domain.value import Value
from tools.events import EVENTS

NEW_YORK = ZoneInfo("America/New_York")
TIMES = {"fomc": time(14, 0), "cpi": time(8, 30), "jobs": time(8, 30)}
NOON = time(12, 0)
REPOSITORY = Path(__file__).resolve().parents[2]


class EventsFileSettings(BaseSettings):
    """Which file."""

    model_config = SettingsConfigDict(
        env_prefix="PM_", env_file=REPOSITORY / ".env", extra="ignore", env_ignore_empty=True
    )

    events_file: Path = Path("tools/events/dates.toml")


class _Days(Value):
    years: tuple[int, ...] = ()
    days: tuple[date, ...] = ()


class _Earnings(Value):
    model_config = ConfigDict(frozen=True, extra="allow")

    years: tuple[int, ...] = ()

    @property
    def by_symbol(self) -> dict[str, tuple[date, ...]]:
        return TypeAdapter(dict[str, tuple[date, ...]]).validate_python(self.model_extra or {})


class _Dates(Value):
    checked: date
    fomc: _Days = _Days()
    cpi: _Days = _Days()
    jobs: _Days = _Days()
    earnings: _Earnings = _Earnings()


@EVENTS.register
class FileEvents:
    """Implements `domain.ports.Events`; a kind is covered where the file is complete for every year that is asked."""

    name = "file"

    def __init__(self, settings: EventsFileSettings | None = None) -> None:
        self._path = REPOSITORY / (settings or EventsFileSettings()).events_file

    def calendar(self, symbols: Sequence[str], since: datetime, until: datetime) -> EventCalendar:
        """Tell the events in [since, until), as old as the file says it was checked.

        Raises:
            BadInput: the file is missing or can't be read; names the key.
        """
        dates = self._read()
        asked = set(range(since.year, until.year + 1))
        events = [
            Event(kind=kind, at=_at(day, at))
            for kind, at in TIMES.items()
            for day in getattr(dates, kind).days
            if since <= _at(day, at) < until
        ]
        events += [
            Event(kind="earnings", at=_at(day, NOON), symbol=symbol)
            for symbol, days in dates.earnings.by_symbol.items()
            if symbol in symbols
            for day in days
            if since <= _at(day, NOON) < until
        ]
        covers = [kind for kind in (*TIMES, "earnings") if asked <= set(getattr(dates, kind).years)]
        return EventCalendar(
            events=tuple(sorted(events, key=lambda event: (event.at, event.kind, event.symbol or ""))),
            covers=tuple(covers),
            fetched_at=datetime.combine(dates.checked, time(), UTC),
        )

    def _read(self) -> _Dates:
        try:
            raw: Any = tomllib.loads(self._path.read_text(encoding="utf-8"))
            dates = _Dates.model_validate(raw)
            dates.earnings.by_symbol  # noqa: B018 - so that a wrong day is told here
        except OSError as error:
            raise BadInput(f"PM_EVENTS_FILE: {self._path}: {error.strerror}", "name a file that can be read") from None
        except tomllib.TOMLDecodeError as error:
            raise BadInput(f"{self._path.name}: not valid TOML: {error}", "correct the file") from None
        except ValidationError as error:
            raise BadInput(f"{self._path.name}: {describe(error)}", "correct this entry") from None
        return dates


def _at(day: date, at: time) -> datetime:
    return datetime.combine(day, at, NEW_YORK).astimezone(UTC)
