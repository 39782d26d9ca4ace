"""The files users have, read into columns: yfinance, Yahoo, Stooq, Alpha Vantage and Alpaca, each by its own header.

A file that is none of these is refused with what was met; nothing is guessed and no row is left out.
"""

import csv
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from domain.errors import BadInput

NEW_YORK = ZoneInfo("America/New_York")
STOOQ_SYMBOL = re.compile(r"^(?P<symbol>[a-z0-9.\-]+?)[._]us(?:_d)?$", re.IGNORECASE)
ADJUSTED = frozenset({"adj close", "adjusted_close", "adjusted close", "adj_close"})
NAMES = {
    "date": "date", "datetime": "date", "session": "date", "timestamp": "date", "open": "open", "high": "high",
    "low": "low", "close": "close", "volume": "volume", "vol": "volume", "symbol": "symbol", "ticker": "symbol",
    **dict.fromkeys(ADJUSTED, "adjusted"),
}  # fmt: skip
ALPACA = {"t": "date", "o": "open", "h": "high", "l": "low", "c": "close", "v": "volume"}
KNOWN = (
    "yfinance, Yahoo, Stooq or Alpha Vantage CSV, Alpaca JSON, or columns date, close (symbol, open, high, low, volume)"
)
Cells = Mapping[str, object]


class Row(NamedTuple):
    """One bar as the file has it, in dollars and shares; `adjusted` is the adjusted close where there is one."""

    session: date
    open: float | None
    high: float | None
    low: float | None
    close: float
    adjusted: float | None
    volume: float | None


class Series(NamedTuple):
    """One symbol of one file, in the file's order."""

    symbol: str
    source: str
    rows: tuple[Row, ...]


def read_csv(path: Path) -> tuple[Series, ...]:
    """Read a CSV file; raises BadInput naming file, line and value."""
    lines = _lines(path)
    if not lines:
        raise BadInput(f"{path.name} is empty", "remove the file, or download it again")
    head = [cell.strip() for cell in lines[0]]
    if head[:1] == ["Price"] and len(lines) > 2 and lines[1][:1] == ["Ticker"]:  # noqa: PLR2004 - three header rows
        return _yfinance(path, lines)
    if head[0].upper() == "<TICKER>":
        return _stooq(path, lines)
    return columns(path, [dict(zip(head, line, strict=False)) for line in lines[1:]])


def read_json(path: Path) -> tuple[Series, ...]:
    """Read Alpaca's answer as it was saved: `{"bars": {SYMBOL: [...]}}`, or one symbol's list of bars."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise BadInput(f"{path.name} is not JSON", f"the folder takes {KNOWN}") from None
    bars = told.get("bars", told) if isinstance(told, dict) else told
    if isinstance(bars, list):
        symbol = told.get("symbol") if isinstance(told, dict) else None
        bars = {symbol or symbol_of(path): bars}
    if not isinstance(bars, dict) or not all(isinstance(of, list) for of in bars.values()):
        raise BadInput(f"{path.name} holds no bars", f"the folder takes {KNOWN}")
    found: list[Series] = []
    for symbol, of_symbol in bars.items():
        named = [{ALPACA[key]: bar[key] for key in ALPACA if key in bar} for bar in of_symbol if isinstance(bar, dict)]
        found += columns(path, named, symbol)
    return tuple(found)


def columns(path: Path, rows: Sequence[Cells], symbol: str = "") -> tuple[Series, ...]:
    """Read rows by the names of their columns; symbols stand in a column, else the file's name is the symbol.

    Raises:
        BadInput: no date or close, a name of a column twice, or a value that can't be read.
    """
    header = {name: NAMES.get(str(name).strip().lower()) for name in (rows[0] if rows else ())}
    wanted = {meaning: name for name, meaning in header.items() if meaning}
    if not {"date", "close"} <= set(wanted):
        met = ", ".join(map(str, header)) or "no rows"
        raise BadInput(f"{path.name}: no columns for date and close (met: {met[:120]})", f"the folder takes {KNOWN}")
    by_symbol: dict[str, list[Row]] = {}
    for number, cells in enumerate(rows, start=2):
        named = {meaning: cells.get(name) for meaning, name in wanted.items()}
        whose = symbol or str(named.get("symbol") or "") or symbol_of(path)
        by_symbol.setdefault(whose.upper(), []).append(_row(path, number, named))
    return tuple(Series(name, path.name, tuple(found)) for name, found in by_symbol.items())


def symbol_of(path: Path) -> str:
    """Read a symbol off a file's name: AAPL.csv, aapl_us_d.csv, brk-b.us.txt."""
    stooq = STOOQ_SYMBOL.match(path.stem)
    return (stooq["symbol"] if stooq else path.stem).upper()


def _yfinance(path: Path, lines: Sequence[Sequence[str]]) -> tuple[Series, ...]:
    fields, tickers = lines[0][1:], lines[1][1:]
    found: list[Series] = []
    for ticker in dict.fromkeys(tickers):
        places = {field: place for place, field in enumerate(fields, start=1) if tickers[place - 1] == ticker}
        body = lines[3:] if lines[2][:1] == ["Date"] else lines[2:]
        rows = [{"Date": line[0], **{f: line[p] for f, p in places.items() if p < len(line)}} for line in body]
        # Symbols of one download share its dates: where one was not traded yet, all its cells are empty.
        while rows and not any(str(cell).strip() for name, cell in rows[0].items() if name != "Date"):
            del rows[0]
        found += columns(path, rows, ticker)
    return tuple(found)


def _stooq(path: Path, lines: Sequence[Sequence[str]]) -> tuple[Series, ...]:
    head = [cell.strip("<> ").lower() for cell in lines[0]]
    rows = [dict(zip(head, line, strict=False)) for line in lines[1:]]
    for number, row in enumerate(rows, start=2):
        if row.get("per") != "D":
            raise BadInput(f"{path.name}, line {number}: <PER> is {row.get('per')!r}", "only daily bars (D) are read")
    named = [{**row, "ticker": re.sub(r"\.US$", "", str(row.get("ticker", "")).upper())} for row in rows]
    return columns(path, named)


def _row(path: Path, number: int, named: Cells) -> Row:
    close = _number(path, number, "close", named.get("close"))
    if close is None:
        raise BadInput(f"{path.name}, line {number}: no close", "complete the row, or remove it yourself")
    if "adjusted" in named and _number(path, number, "adjusted close", named["adjusted"]) is None:
        raise BadInput(f"{path.name}, line {number}: no adjusted close, mixed adjustment", "complete the column")
    optional = {
        key: _number(path, number, key, named.get(key)) for key in ("open", "high", "low", "adjusted", "volume")
    }
    return Row(session=_day(path, number, named.get("date")), close=close, **optional)


def _number(path: Path, number: int, name: str, cell: object) -> float | None:
    if cell is None or (isinstance(cell, str) and cell.strip().lower() in {"", "null", "nan", "n/d"}):
        return None
    try:
        value = float(str(cell))
    except ValueError:
        raise BadInput(f"{path.name}, line {number}: {name} is {str(cell)[:40]!r}", "write a number") from None
    if value != value:  # noqa: PLR0124 - the definition of NaN
        return None
    return value


def _day(path: Path, number: int, cell: object) -> date:
    if isinstance(cell, datetime):
        return cell.astimezone(NEW_YORK).date() if cell.tzinfo else cell.date()
    if isinstance(cell, date):
        return cell
    text = str(cell).strip()
    try:
        if text.isdigit():
            return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - a day, not a moment
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{path.name}, line {number}: {text[:40]!r} is no date", "write 2024-01-31") from None
    return moment.astimezone(NEW_YORK).date() if moment.tzinfo else moment.date()


def _lines(path: Path) -> list[list[str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [line for line in csv.reader(_without_nul(file)) if any(cell.strip() for cell in line)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{path.name} can't be read as CSV: {error}", f"the folder takes {KNOWN}") from None


def _without_nul(lines: Iterable[str]) -> Iterable[str]:
    for line in lines:
        if "\x00" in line:
            raise csv.Error("a NUL stands in it")
        yield line
