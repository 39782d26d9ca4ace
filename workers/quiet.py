"""Quiet hours: when a notice that is not urgent waits until the morning."""

from datetime import datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.errors import BadInput

SHOW = "write it like 22:00-07:00 or 22:00-07:00 Europe/Berlin; without a zone it is New York"


class QuietHours(NamedTuple):
    """From `start` to `end` of each day in `zone`; over midnight where the end is the earlier one."""

    start: time
    end: time
    zone: ZoneInfo

    def release(self, at: datetime) -> datetime:
        """Tell when something that happens at `at` may be told: at once, or at the end of the quiet hours."""
        local = at.astimezone(self.zone)
        over_midnight = self.end <= self.start
        quiet = (
            local.time() >= self.start or local.time() < self.end
            if over_midnight
            else self.start <= local.time() < self.end
        )
        if not quiet:
            return at
        day = local.date() + timedelta(days=over_midnight and local.time() >= self.start)
        return datetime.combine(day, self.end, self.zone).astimezone(at.tzinfo)


def read_quiet_hours(text: str) -> QuietHours | None:
    """Read PM_QUIET_HOURS; None where it is empty.

    Raises:
        BadInput: it can't be read.
    """
    if not text.strip():
        return None
    span, _, zone = text.strip().partition(" ")
    start, _, end = span.partition("-")
    try:
        found = QuietHours(
            time.fromisoformat(start), time.fromisoformat(end), ZoneInfo(zone.strip() or "America/New_York")
        )
    except (ValueError, ZoneInfoNotFoundError, OSError):
        raise BadInput(f"PM_QUIET_HOURS {text!r} can't be read", SHOW) from None
    if found.start == found.end:
        raise BadInput(f"PM_QUIET_HOURS {text!r} is no time at all, or all day", SHOW)
    return found
