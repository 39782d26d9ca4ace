"""The regular hours of the New York exchanges, in UTC; half days are taken for full days."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
OPEN = time(9, 30)
CLOSE = time(16, 0)


def opens_at(session: date) -> datetime:
    """Tell when the regular session of that day opens."""
    return datetime.combine(session, OPEN, NEW_YORK).astimezone(UTC)


def closes_at(session: date) -> datetime:
    """Tell when the regular session of that day closes."""
    return datetime.combine(session, CLOSE, NEW_YORK).astimezone(UTC)
