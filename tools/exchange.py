"""The calendar of the New York exchanges: sessions, opens and closes, with holidays, half-days and clock changes."""

from bisect import bisect_left, bisect_right
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from domain.errors import NoData

FIRST = date(1990, 1, 2)
"""The first session that is known here."""
AHEAD_YEARS = 1
NEW_YORK = ZoneInfo("America/New_York")


class Hours(NamedTuple):
    """Sessions, oldest first, each with its open and close (aware, UTC)."""

    sessions: tuple[date, ...]
    opens: tuple[datetime, ...]
    closes: tuple[datetime, ...]


class Exchange:
    """XNYS as `exchange_calendars` has it; the calendar is read when it is first asked."""

    def session_at(self, moment: datetime) -> date:
        """Name the session traded at `moment` (aware): the one that is open, else the next one."""
        hours = _hours_around(moment.astimezone(UTC).date())
        return hours.sessions[bisect_right(hours.closes, moment)]

    def is_open(self, moment: datetime) -> bool:
        """Whether a regular session is on at `moment`."""
        return self.opens(self.session_at(moment)) <= moment

    def opens(self, session: date) -> datetime:
        """Tell when a session opens; raises NoData where the day is not one, naming its neighbours."""
        hours = _hours_around(session)
        return hours.opens[_row(hours, session)]

    def closes(self, session: date) -> datetime:
        """Tell when a session closes, early on half-days; raises NoData where the day is not one."""
        hours = _hours_around(session)
        return hours.closes[_row(hours, session)]

    def next_session(self, after: date) -> date:
        """Find the first session later than `after`."""
        sessions = _hours_around(after).sessions
        return sessions[bisect_right(sessions, after)]

    def before(self, session: date, count: int) -> tuple[date, ...]:
        """List the `count` sessions before `session`, oldest first; fewer at the beginning of the calendar."""
        sessions = _hours_around(session).sessions
        row = bisect_left(sessions, session)
        return sessions[max(0, row - count) : row]


def _row(hours: Hours, session: date) -> int:
    row = bisect_left(hours.sessions, session)
    if hours.sessions[row] == session:
        return row
    nearest = f"the nearest sessions are {hours.sessions[row - 1]} and {hours.sessions[row]}" if row else ""
    raise NoData(f"{session} ({session:%A}) is not a session of the exchange", nearest or f"the first is {FIRST}")


def _hours_around(day: date) -> Hours:
    if day < FIRST:
        raise NoData(f"the exchange calendar does not reach back to {day}", f"its first session is {FIRST}")
    return _hours(day.year + AHEAD_YEARS)


@lru_cache(maxsize=4)
def _hours(last_year: int) -> Hours:
    from exchange_calendars import get_calendar  # noqa: PLC0415 - half a second that a replay need not wait for

    calendar = get_calendar("XNYS", start=FIRST.isoformat(), end=date(last_year, 12, 31).isoformat())
    return Hours(
        tuple(day.date() for day in calendar.sessions),
        tuple(moment.to_pydatetime() for moment in calendar.opens),
        tuple(moment.to_pydatetime() for moment in calendar.closes),
    )
