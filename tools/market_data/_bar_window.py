"""The part of a bar table that a snapshot shows: up to three years before a session, where all symbols have bars."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from domain.errors import NoData
from domain.market import Provenance, SymbolHistory
from tools.market_data._bar_table import BarTable, need

WINDOW = 756
"""Sessions of history in a snapshot: three years."""
SHORTEST = 260
"""Fewer sessions than this are not enough to decide on: one year and a week."""


class Window(NamedTuple):
    """Sessions, oldest first, with every symbol's bars on them, and what these bars lack."""

    sessions: tuple[date, ...]
    history: Mapping[str, SymbolHistory]
    lacks: tuple[str, ...]


def window_of(table: BarTable, symbols: Sequence[str], row: int) -> Window:
    """Cut out what was known before the session in `row` (as far as the table goes).

    Raises:
        NoData: an unknown symbol, one whose bars end earlier, or less than a year of bars.
    """
    columns = {symbol: need(table, symbol) for symbol in symbols}
    for symbol, column in columns.items():
        if column.first + len(column.closes) < row:
            ends = table.sessions[column.first + len(column.closes) - 1]
            raise NoData(
                f"the bars of {symbol} end on {ends}, and {table.sessions[row - 1]} is wanted",
                "complete them, or leave the symbol out",
            )
    latest = max(columns, key=lambda symbol: columns[symbol].first)
    first = max(columns[latest].first, row - WINDOW)
    if row - first < SHORTEST:
        usable = columns[latest].first + SHORTEST
        raise NoData(
            f"only {max(row - first, 0)} sessions of {latest} are known by then, {SHORTEST} are needed",
            f"choose a session from {table.sessions[usable]} on" if usable < len(table.sessions) else "add history",
        )
    history = {
        symbol: SymbolHistory(
            symbol=symbol,
            closes=column.closes[first - column.first : row - column.first],
            highs=_cut(column.highs, first - column.first, row - column.first),
            lows=_cut(column.lows, first - column.first, row - column.first),
            volumes=_cut(column.volumes, first - column.first, row - column.first),
            raw_close=column.raw[row - column.first - 1] if column.raw else None,
            provenance=Provenance.REAL,
        )
        for symbol, column in columns.items()
    }
    return Window(table.sessions[first:row], history, _lacks(tuple(history.values())))


def _lacks(bars: Sequence[SymbolHistory]) -> tuple[str, ...]:
    missing = {
        "volumes": any(one.volumes is None for one in bars),
        "highs and lows": any(one.highs is None or one.lows is None for one in bars),
        "unadjusted prices": any(one.raw_close is None for one in bars),
        "quotes": True,
    }
    return tuple(what for what, is_missing in missing.items() if is_missing)


def _cut(values: tuple[float, ...] | None, first: int, until: int) -> tuple[float, ...] | None:
    return None if values is None else values[first:until]
