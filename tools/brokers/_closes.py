"""What the simulated broker asks of the market: the closes its orders fill at."""

from datetime import date
from pathlib import Path
from typing import Protocol

from pydantic_settings import BaseSettings, SettingsConfigDict

from tools.market_data import MARKET_DATA
from tools.market_data._sp500 import RecordedCloses


class Closes(Protocol):
    """The close of every session, also of the one that is traded; no part of the desk but the broker may see it."""

    def close(self, session: date, symbol: str) -> float | None:
        """Tell the close in dollars; None when the day was no session or the symbol is unknown."""
        ...

    def sessions_between(self, first: date, until: date) -> tuple[date, ...]:
        """List the sessions from `first` on, up to the one before `until`, oldest first."""
        ...


class _Feed(BaseSettings):
    """Which feed is replayed, as the rest of the desk knows it."""

    model_config = SettingsConfigDict(
        env_prefix="PM_", env_file=Path(__file__).resolve().parents[2] / ".env", extra="ignore", env_ignore_empty=True
    )

    market_data: str = "recorded"


def closes_of_feed() -> Closes:
    """Find the closes of the feed that the settings name; the recorded ones where a feed has none to fill at."""
    feed = MARKET_DATA[_Feed().market_data]
    closes: Closes = feed.closes_to_fill_at() if hasattr(feed, "closes_to_fill_at") else RecordedCloses()
    return closes
