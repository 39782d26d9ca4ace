"""Real daily closes of 20 large American companies, 1990 to 2022, read out of the installed package skfolio."""

import gzip
import importlib.util
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from domain.errors import NoData

FILE = Path("datasets", "data", "sp500_dataset.csv.gz")
REINSTALL = "reinstall the pinned packages: make"


@dataclass(frozen=True, eq=False)
class PriceTable:
    """Adjusted closes in dollars: one row per session (oldest first), one column per symbol."""

    sessions: tuple[date, ...]
    symbols: tuple[str, ...]
    closes: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Refuse a table that does not fit together.

        Raises:
            NoData: its shape is not sessions x symbols, sessions do not ascend, or a close is not positive.
        """
        shape = (len(self.sessions), len(self.symbols))
        if self.closes.shape != shape or not self.sessions:
            raise NoData(f"{self.closes.shape} closes for {shape[0]} sessions and {shape[1]} symbols", REINSTALL)
        if any(later <= earlier for earlier, later in zip(self.sessions, self.sessions[1:], strict=False)):
            raise NoData("the sessions of the recorded data are not in ascending order", REINSTALL)
        if not (np.isfinite(self.closes) & (self.closes > 0)).all():
            raise NoData("the recorded data holds a close that is not a positive number", REINSTALL)

    @cached_property
    def _columns(self) -> dict[str, int]:
        return {symbol: column for column, symbol in enumerate(self.symbols)}

    def column(self, symbol: str) -> int | None:
        """Find the column of `symbol`; None when there is none."""
        return self._columns.get(symbol)

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


class RecordedCloses:
    """Every recorded close, also the one of the session that is traded: for the simulated broker only."""

    def __init__(self, table: PriceTable | None = None) -> None:
        self._table = table or load_sp500()

    def close(self, session: date, symbol: str) -> float | None:
        """Tell the close in dollars; None when the day was no session or the symbol is unknown."""
        row, column = self._table.row(session), self._table.column(symbol)
        return None if row is None or column is None else float(self._table.closes[row, column])

    def sessions_between(self, first: date, until: date) -> tuple[date, ...]:
        """List the sessions from `first` on, up to the one before `until`, oldest first."""
        return self._table.between(first, until)


@lru_cache(maxsize=1)
def load_sp500() -> PriceTable:
    """Read the file once per process, without importing the package it comes with.

    Raises:
        NoData: the package or its file is missing or can't be read.
    """
    spec = importlib.util.find_spec("skfolio")
    if spec is None or not spec.submodule_search_locations:
        raise NoData("the package skfolio, which carries the recorded prices, is not installed", REINSTALL)
    return read_table(Path(spec.submodule_search_locations[0]) / FILE)


def read_table(path: Path) -> PriceTable:
    """Read a CSV file (`.gz` or plain): a header `Date,AAPL,...`, then one line of adjusted closes per session.

    Raises:
        NoData: the file is missing, damaged, or not such a table.
    """
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()
        header, *lines = text.split()
        return PriceTable(
            sessions=tuple(date.fromisoformat(line.partition(",")[0]) for line in lines),
            symbols=tuple(header.split(",")[1:]),
            closes=_numbers(lines),
        )
    except FileNotFoundError:
        raise NoData(f"the recorded prices are missing: no file {path}", REINSTALL) from None
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise NoData(f"the recorded prices in {path} can't be read: {error}", REINSTALL) from None


def _numbers(lines: Sequence[str]) -> NDArray[np.float64]:
    return np.array([[float(field) for field in line.split(",")[1:]] for line in lines])
