"""Market time and wall time; the only file that reads the system's clock."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

SETTLE_AFTER_OPEN = timedelta(minutes=5)
"""How long after the open a replayed session is traded."""


def _system_time() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - everybody else asks a Clock, which asks here


def wall_time() -> datetime:
    """Real time, UTC: for what happens between processes, never for a decision."""
    return _system_time()


class SystemClock:
    """Live: market time is real time; `session_at` is the calendar that names the session traded at a moment.

    In a rehearsal `time` is the clock of a broker's stand-in, and everything follows that one.
    """

    def __init__(self, session_at: Callable[[datetime], date], time: Callable[[], datetime] = _system_time) -> None:
        self._session_at = session_at
        self._time = time

    @property
    def replay(self) -> bool:
        """Time runs on by itself."""
        return False

    def now(self) -> datetime:
        """Real time, UTC."""
        return self._time()

    def wall(self) -> datetime:
        """Real time, UTC."""
        return self._time()

    def session(self) -> date:
        """The session that the calendar names for this moment."""
        return self._session_at(self.now())


class ReplayClock:
    """Replay: market time stands still, five minutes after the open of one session."""

    def __init__(self, session: date, opens_at: datetime) -> None:
        self.enter(session, opens_at)

    def enter(self, session: date, opens_at: datetime) -> None:
        """Move to another session."""
        self._session = session
        self._now = opens_at.astimezone(UTC) + SETTLE_AFTER_OPEN

    @property
    def replay(self) -> bool:
        """Time stands still until somebody enters another session."""
        return True

    def now(self) -> datetime:
        """Five minutes after the open, UTC."""
        return self._now

    def wall(self) -> datetime:
        """Real time, UTC."""
        return _system_time()

    def session(self) -> date:
        """The session that is replayed."""
        return self._session
