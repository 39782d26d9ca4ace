"""The stand-in's own look at exchange hours, straight from `exchange_calendars`."""

from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")


@lru_cache(maxsize=1)
def _hours() -> list[tuple[date, datetime, datetime]]:
    from exchange_calendars import get_calendar

    calendar = get_calendar("XNYS", start="2014-01-01", end="2027-12-31")
    rows = zip(calendar.sessions, calendar.opens, calendar.closes, strict=True)
    return [(day.date(), opens.to_pydatetime(), closes.to_pydatetime()) for day, opens, closes in rows]


def sessions(first: date, last: date) -> list[tuple[date, datetime, datetime]]:
    """List day, open and close (UTC) of each session from `first` to `last`."""
    return [row for row in _hours() if first <= row[0] <= last]


def is_open(now: datetime) -> bool:
    """Whether a session is on."""
    day = now.astimezone(NEW_YORK).date()
    return any(opens <= now < closes for _, opens, closes in sessions(day, day))


def next_open(now: datetime) -> datetime:
    """Tell when the next session opens."""
    return next(opens for _, opens, _ in _hours() if opens > now)


def next_close(now: datetime) -> datetime:
    """Tell when the session that is on, or the next one, closes."""
    return next(closes for _, _, closes in _hours() if closes > now)


def moments(after: datetime, until: datetime) -> list[datetime]:
    """List opens and closes in (after, until], in order."""
    both = (moment for _, opens, closes in _hours() for moment in (opens, closes))
    return sorted(moment for moment in both if after < moment <= until)


def stamp(moment: datetime) -> str:
    """Write a moment as Alpaca does."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
