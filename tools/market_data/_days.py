"""The days of the recorded closes, and the text they come in; who asks only for a day reads no prices."""

import gzip
import importlib.util
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from domain.errors import NoData

FILE = Path("datasets", "data", "sp500_dataset.csv.gz")
REINSTALL = "reinstall the pinned packages: make"


@dataclass(frozen=True, eq=False)
class Days:
    """Sessions in ascending order."""

    sessions: tuple[date, ...]

    def row(self, session: date) -> int | None:
        """Find the row of `session`; None when that day was not one."""
        at = bisect_left(self.sessions, session)
        return at if at < len(self.sessions) and self.sessions[at] == session else None

    def after(self, day: date) -> date | None:
        """Find the first session later than `day`; None at the end of the data."""
        at = bisect_right(self.sessions, day)
        return self.sessions[at] if at < len(self.sessions) else None

    def before(self, day: date) -> date | None:
        """Find the last session earlier than `day`; None at the beginning of the data."""
        at = bisect_left(self.sessions, day)
        return self.sessions[at - 1] if at else None

    def between(self, first: date, until: date) -> tuple[date, ...]:
        """List the sessions from `first` on, up to the one before `until`."""
        return self.sessions[bisect_left(self.sessions, first) : bisect_left(self.sessions, until)]


@lru_cache(maxsize=1)
def recorded_days() -> Days:
    """Read the days of the recorded closes, once per process.

    Raises:
        NoData: the package or its file is missing or can't be read.
    """
    path = recorded_file()
    return Days(sessions_of(path, lines_of(path)[1:]))


def recorded_file() -> Path:
    """Find the file without importing the package it comes with; raises NoData where that is not installed."""
    spec = importlib.util.find_spec("skfolio")
    if spec is None or not spec.submodule_search_locations:
        raise NoData("the package skfolio, which carries the recorded prices, is not installed", REINSTALL)
    return Path(spec.submodule_search_locations[0]) / FILE


def lines_of(path: Path) -> list[str]:
    """Read the lines of a CSV file (`.gz` or plain), the header first; raises NoData."""
    try:
        raw = path.read_bytes()
        return (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode().split()
    except FileNotFoundError:
        raise NoData(f"the recorded prices are missing: no file {path}", REINSTALL) from None
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise unreadable(path, error) from None


def sessions_of(path: Path, lines: Sequence[str]) -> tuple[date, ...]:
    """Read the day that each line begins with; raises NoData."""
    try:
        return tuple(date.fromisoformat(line.partition(",")[0]) for line in lines)
    except ValueError as error:
        raise unreadable(path, error) from None


def unreadable(path: Path, error: Exception) -> NoData:
    """Say that the file is not what it should be."""
    return NoData(f"the recorded prices in {path} can't be read: {error}", REINSTALL)
