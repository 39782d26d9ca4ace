"""Daily bars of a user's own files: checked, adjusted, and aligned on the exchange's sessions."""

import itertools
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from domain.errors import BadInput, NoData
from tools.exchange import FIRST, Exchange
from tools.market_data._file_formats import Row, Series

BIG_MOVE = 0.5
MOST_GAPS = 5
"""So many sessions in a year of a symbol's bars may be missing; the close before stands in, and that is told."""
ROUNDING = 1e-4
"""Adjusted prices are rounded: a high may fall short of open or close by this share."""
SHOWN = 5


class Column(NamedTuple):
    """One symbol's bars from `first` (an index into the table's sessions) on, oldest first, adjusted where possible."""

    first: int
    closes: tuple[float, ...]
    highs: tuple[float, ...] | None
    lows: tuple[float, ...] | None
    volumes: tuple[float, ...] | None
    raw: tuple[float, ...] | None


class BarTable(NamedTuple):
    """All symbols on all sessions of the data; `told` are sentences on what a user should know of these files."""

    sessions: tuple[date, ...]
    columns: Mapping[str, Column]
    told: tuple[str, ...]

    def row(self, session: date) -> int | None:
        """Find the row of `session`; None when the data have no such one."""
        at = bisect_left(self.sessions, session)
        return at if at < len(self.sessions) and self.sessions[at] == session else None

    def close(self, session: date, symbol: str) -> float | None:
        """Tell the close in dollars; None when there is none."""
        row, column = self.row(session), self.columns.get(symbol)
        if row is None or column is None or not 0 <= row - column.first < len(column.closes):
            return None
        return column.closes[row - column.first]

    def sessions_between(self, first: date, until: date) -> tuple[date, ...]:
        """List the sessions from `first` on, up to the one before `until`."""
        return self.sessions[bisect_left(self.sessions, first) : bisect_left(self.sessions, until)]


def table_of(found: Iterable[Series], *, adjusted: bool) -> BarTable:
    """Check all series and put them together; `adjusted` says that closes without an adjusted column are.

    Raises:
        BadInput: a symbol in two files, a session twice, a day without a session, a high below open or close, a close
            that is not positive, too many gaps, or adjusted beside unadjusted closes.
    """
    series = sorted(found, key=lambda one: one.symbol)
    if not series:
        raise BadInput("the folder has no prices", "put CSV, JSON or Parquet files with daily bars into it")
    for before, after in itertools.pairwise(series):
        if before.symbol == after.symbol:
            raise BadInput(f"{after.symbol} stands in {before.source} and {after.source}", "keep one of them")
    _same_adjustment(series, adjusted=adjusted)
    ordered = {one.symbol: _ordered(one) for one in series}
    first, last = min(rows[0].session for rows in ordered.values()), max(r[-1].session for r in ordered.values())
    sessions = _sessions(first, last)
    told: list[str] = []
    columns = {one.symbol: _column(one, ordered[one.symbol], sessions, told) for one in series}
    moves = [move for one in series for move in _big_moves(one.symbol, columns[one.symbol], sessions)]
    if moves:
        more = f" and {len(moves) - SHOWN} more" if len(moves) > SHOWN else ""
        told.append(f"moves above 50 % in one session, check them for a missed split: {', '.join(moves[:SHOWN])}{more}")
    if not any(row.adjusted is not None for rows in ordered.values() for row in rows):
        told.append("the files don't say so: their closes are taken as adjusted for splits and dividends")
    return BarTable(sessions, columns, tuple(told))


def _same_adjustment(series: Sequence[Series], *, adjusted: bool) -> None:
    said = {one.symbol: one.rows[0].adjusted is not None for one in series if one.rows}
    if len(set(said.values())) > 1 and not adjusted:
        one, other = (next(s for s in series if said.get(s.symbol) is kind).source for kind in (True, False))
        raise BadInput(
            f"mixed adjustment: {one} has adjusted closes, {other} does not say",
            "set PM_DATA_ADJUSTED=true when closes without an adjusted column are adjusted, else remove those files",
        )


def _ordered(one: Series) -> tuple[Row, ...]:
    rows = tuple(sorted(one.rows, key=lambda row: row.session))
    if not rows:
        raise BadInput(f"{one.source} has no bars of {one.symbol}", "remove the file, or download it again")
    for before, row in zip((None, *rows), rows, strict=False):
        where = f"{one.source}: {one.symbol} on {row.session}"
        if before is not None and before.session == row.session:
            raise BadInput(f"{where} stands there twice", "keep one of the two rows")
        if row.session < FIRST:
            raise BadInput(f"{where} is before {FIRST}, where the exchange calendar begins", "cut the older rows off")
        if not 0.0 < row.close < float("inf") or (row.adjusted is not None and not 0.0 < row.adjusted < float("inf")):
            raise BadInput(f"{where}: a close of {row.close:g} is no price", "correct the row")
        _check_range(where, row)
    return rows


def _check_range(where: str, row: Row) -> None:
    slack = ROUNDING * row.close
    tops = [value for value in (row.open, row.close, row.low) if value is not None]
    if row.high is not None and row.high < max(tops) - slack:
        raise BadInput(f"{where}: the high {row.high:g} is below {max(tops):g}", "correct the row")
    floors = [value for value in (row.open, row.close) if value is not None]
    if row.low is not None and (row.low > min(floors) + slack or row.low <= 0.0):
        raise BadInput(f"{where}: the low {row.low:g} does not fit a close of {row.close:g}", "correct the row")
    if row.volume is not None and row.volume < 0.0:
        raise BadInput(f"{where}: a volume of {row.volume:g}", "correct the row")


def _sessions(first: date, last: date) -> tuple[date, ...]:
    exchange = Exchange()
    days = exchange.before(exchange.next_session(last), (last - first).days + 2)
    return days[bisect_left(days, first) :]


def _column(one: Series, rows: Sequence[Row], sessions: tuple[date, ...], told: list[str]) -> Column:
    start = bisect_left(sessions, rows[0].session)
    by_day = {row.session: row for row in rows}
    of_symbol = sessions[start : bisect_left(sessions, rows[-1].session) + 1]
    strange = sorted(set(by_day) - set(of_symbol))
    if strange:
        raise BadInput(
            f"{one.source}: {one.symbol} on {strange[0]} ({strange[0]:%A}), which is no session", "remove it"
        )
    gaps = [day for day in of_symbol if day not in by_day]
    if len(gaps) > MOST_GAPS * max(1.0, len(of_symbol) / 252.0):
        raise BadInput(f"{one.source}: {one.symbol} lacks {len(gaps)} sessions, first {gaps[0]}", "complete the file")
    if gaps:
        told.append(f"{one.symbol} lacks {len(gaps)} sessions (first {gaps[0]}): the close before stands in")
    filled = [rows[0]]
    for day in of_symbol[1:]:
        last = filled[-1]
        still = Row(day, last.close, last.close, last.close, last.close, last.adjusted, 0.0)
        filled.append(by_day.get(day, still))
    factors = [1.0 if row.adjusted is None else row.adjusted / row.close for row in filled]
    has_adjusted = rows[0].adjusted is not None
    volumes = [row.volume for row in filled]
    return Column(
        first=start,
        closes=tuple(row.close * factor for row, factor in zip(filled, factors, strict=True)),
        highs=_scaled([row.high for row in filled], factors),
        lows=_scaled([row.low for row in filled], factors),
        volumes=tuple(v for v in volumes if v is not None) if None not in volumes else None,
        raw=tuple(row.close for row in filled) if has_adjusted else None,
    )


def _scaled(prices: Sequence[float | None], factors: Sequence[float]) -> tuple[float, ...] | None:
    known = [price * factor for price, factor in zip(prices, factors, strict=True) if price is not None]
    return tuple(known) if len(known) == len(prices) else None


def _big_moves(symbol: str, column: Column, sessions: tuple[date, ...]) -> list[str]:
    closes = column.closes
    return [
        f"{symbol} {sessions[column.first + row]} {closes[row] / closes[row - 1] - 1.0:+.0%}"
        for row in range(1, len(closes))
        if abs(closes[row] / closes[row - 1] - 1.0) > BIG_MOVE
    ]


def need(table: BarTable, symbol: str) -> Column:
    """Find a symbol's column; raises NoData naming what there is."""
    column = table.columns.get(symbol)
    if column is None:
        raise NoData(f"the files have no symbol {symbol!r}", f"they have: {', '.join(sorted(table.columns))}")
    return column
