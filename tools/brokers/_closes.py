"""What the simulated broker asks of the market: the closes its orders fill at."""

from datetime import date
from typing import Protocol


class Closes(Protocol):
    """The close of every session, also of the one that is traded; no part of the desk but the broker may see it."""

    def close(self, session: date, symbol: str) -> float | None:
        """Tell the close in dollars; None when the day was no session or the symbol is unknown."""
        ...

    def sessions_between(self, first: date, until: date) -> tuple[date, ...]:
        """List the sessions from `first` on, up to the one before `until`, oldest first."""
        ...
