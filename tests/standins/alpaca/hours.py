"""The stand-in's own look at exchange hours, straight from `exchange_calendars`."""

from bisect import bisect_left, bisect_right
from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")


@lru_cache(maxsize=1)
def _hours() -> tuple[list[date], list[datetime], list[datetime]]:
    from exchange_calendars import get_calendar

    calendar = get_calendar("XNYS", start="2014-01-01", end="2027-12-31")
    opens, closes = ([moment.to_pydatetime() for moment in column] for column in (calendar.opens, calendar.closes))
    return [day.date() for day in calendar.sessions], opens, closes


def sessions(first: date, last: date) -> list[tuple[date, datetime, datetime]]:
    """List day, open and close (UTC) of each session from `first` to `last`."""
    days, opens, closes = _hours()
    rows = slice(bisect_left(days, first), bisect_right(days, last))
    return list(zip(days[rows], opens[rows], closes[rows], strict=True))


def is_open(now: datetime) -> bool:
    """Whether a session is on."""
    _, opens, closes = _hours()
    return opens[bisect_right(closes, now)] <= now


def next_open(now: datetime) -> datetime:
    """Tell when the next session opens."""
    _, opens, _ = _hours()
    return opens[bisect_right(opens, now)]


def next_close(now: datetime) -> datetime:
    """Tell when the session that is on, or the next one, closes."""
    _, _, closes = _hours()
    return closes[bisect_right(closes, now)]


def moments(after: datetime, until: datetime) -> list[datetime]:
    """List opens and closes in (after, until], in order."""
    _, opens, closes = _hours()
    found = [
        one for column in (opens, closes) for one in column[bisect_right(column, after) : bisect_right(column, until)]
    ]
    return sorted(found)


def stamp(moment: datetime) -> str:
    """Write a moment as Alpaca does."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
