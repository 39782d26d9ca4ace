"""Real daily closes of 20 large American companies, 1990 to 2022, read out of the installed package skfolio."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from domain.errors import NoData
from tools.market_data._days import REINSTALL, Days, lines_of, recorded_file, sessions_of, unreadable


@dataclass(frozen=True, eq=False)
class PriceTable(Days):
    """Adjusted closes in dollars: one row per session (oldest first), one column per symbol."""

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
    return read_table(recorded_file())


def read_table(path: Path) -> PriceTable:
    """Read a CSV file (`.gz` or plain): a header `Date,AAPL,...`, then one line of adjusted closes per session.

    Raises:
        NoData: the file is missing, damaged, or not such a table.
    """
    header, *lines = lines_of(path) or [""]
    try:
        closes = _numbers(lines)
    except ValueError as error:
        raise unreadable(path, error) from None
    return PriceTable(sessions_of(path, lines), tuple(header.split(",")[1:]), closes)


def _numbers(lines: Sequence[str]) -> NDArray[np.float64]:
    return np.array([[float(field) for field in line.split(",")[1:]] for line in lines])
