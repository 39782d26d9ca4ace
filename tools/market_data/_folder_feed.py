"""A folder of a user's own files, replayed over its own history like the recorded feed."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.errors import BadInput, LookAhead, NoData, OperatorNeeded
from domain.market import Execution, MarketSnapshot, Provenance, SymbolHistory
from tools.exchange import Exchange
from tools.market_data._bar_table import BarTable, need, table_of
from tools.market_data._file_formats import Series, read_csv, read_json

WINDOW = 756
"""Sessions of history in a snapshot: three years."""
SHORTEST = 260
"""Fewer sessions than this are not enough to decide on: one year and a week."""
REMEMBERED = 8
REPOSITORY = Path(__file__).resolve().parents[2]


class DataFolderSettings(BaseSettings):
    """Where the files are, and whether closes without an adjusted column are adjusted."""

    model_config = SettingsConfigDict(
        env_prefix="PM_", env_file=REPOSITORY / ".env", extra="ignore", frozen=True, env_ignore_empty=True
    )

    data_dir: Path | None = None
    data_adjusted: bool = Field(default=False)

    @classmethod
    def read(cls) -> "DataFolderSettings":
        """Read the settings; raises BadInput naming the variable."""
        try:
            return cls()
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            raise BadInput(f"PM_{str(first['loc'][0]).upper()}: {first['msg']}", "correct the variable") from None

    @property
    def folder(self) -> Path:
        """The folder; raises OperatorNeeded where there is none."""
        if self.data_dir is None:
            raise OperatorNeeded("PM_DATA_DIR is not set", "set it to the folder with your price files")
        folder = self.data_dir if self.data_dir.is_absolute() else REPOSITORY / self.data_dir
        if not folder.is_dir():
            raise OperatorNeeded(f"PM_DATA_DIR is {folder}, which is no folder", "set it to the folder with your files")
        return folder


class FolderFeed:
    """Implements `domain.ports.MarketData` over files; a subclass names the endings that it reads."""

    name = ""
    endings: tuple[str, ...] = ()
    simulated = True
    replayed = True
    execution = Execution.CLOSE

    def __init__(self, settings: DataFolderSettings | None = None) -> None:
        self._table = self.table(settings)
        self._exchange = Exchange()
        self._told = lru_cache(maxsize=REMEMBERED)(self._tell)

    @classmethod
    def table(cls, settings: DataFolderSettings | None = None) -> BarTable:
        """Read all files of the folder, once a process while none of them changes."""
        settings = settings or DataFolderSettings.read()
        paths = sorted(path for path in settings.folder.iterdir() if path.suffix.lower() in cls.endings)
        if not paths:
            raise NoData(
                f"{settings.folder} has no {' or '.join(cls.endings)} files", "set PM_DATA_DIR to their folder"
            )
        seen = tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in paths)
        return _read_all(seen, settings.data_adjusted)

    @classmethod
    def closes_to_fill_at(cls) -> BarTable:
        """The closes of all sessions, also of the one that is traded: for the simulated broker only."""
        return cls.table()

    def snapshot(self, symbols: Sequence[str], session: date, as_of: datetime) -> MarketSnapshot:
        """Tell up to three years of bars before `session`, from where all of `symbols` have them.

        Raises:
            NoData: an unknown symbol, a day that is no session of the data, or less than a year of bars before it.
            BadInput: `as_of` has no time zone.
            LookAhead: `as_of` lies before the last close that would be told.
        """
        if as_of.tzinfo is None:
            raise BadInput(f"as_of {as_of.isoformat()} has no time zone", "pass an aware datetime in UTC")
        return self._told(tuple(symbols), session, as_of)

    def next_session(self, after: date) -> date:
        """Find the first session later than `after`; raises NoData at the end of the data."""
        at = bisect_right(self._table.sessions, after)
        if at == len(self._table.sessions):
            raise NoData(f"there is no session after {after}: {self._span()}", "choose an earlier date")
        return self._table.sessions[at]

    def opens(self, session: date) -> datetime:
        """Tell when `session` opens; raises NoData where the data have no such session."""
        self._row(session)
        return self._exchange.opens(session)

    def closes(self, session: date) -> datetime:
        """Tell when `session` closes; raises NoData where the data have no such session."""
        self._row(session)
        return self._exchange.closes(session)

    def _tell(self, symbols: tuple[str, ...], session: date, as_of: datetime) -> MarketSnapshot:
        table, row = self._table, self._row(session)
        columns = {symbol: need(table, symbol) for symbol in symbols}
        for symbol, column in columns.items():
            if column.first + len(column.closes) < row:
                ends = table.sessions[column.first + len(column.closes) - 1]
                raise NoData(
                    f"the bars of {symbol} end on {ends}, before {session}", "update its file, or leave it out"
                )
        latest = max(columns, key=lambda symbol: columns[symbol].first)
        first = max(columns[latest].first, row - WINDOW)
        if row - first < SHORTEST:
            usable = columns[latest].first + SHORTEST
            raise NoData(
                f"only {row - first} sessions of {latest} before {session}, {SHORTEST} are needed",
                f"choose a session from {table.sessions[usable]} on" if usable < len(table.sessions) else "add history",
            )
        sessions = table.sessions[first:row]
        if as_of < self._exchange.closes(sessions[-1]):
            raise LookAhead(f"the close of {sessions[-1]} is not known at {as_of.isoformat()}", "ask later")
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
        return MarketSnapshot(
            feed=self.name,
            simulated=self.simulated,
            execution=self.execution,
            as_of=as_of,
            session=session,
            opens_at=self._exchange.opens(session),
            closes_at=self._exchange.closes(session),
            sessions=sessions,
            history=history,
            lacks=self._lacks(tuple(history.values())),
            assumptions=("prices come from your own files", *table.told, "orders fill on the session's close"),
        )

    def _lacks(self, bars: Sequence[SymbolHistory]) -> tuple[str, ...]:
        missing = {
            "volumes": any(one.volumes is None for one in bars),
            "highs and lows": any(one.highs is None or one.lows is None for one in bars),
            "unadjusted prices": any(one.raw_close is None for one in bars),
        }
        lacking = [what for what, is_missing in missing.items() if is_missing]
        return (*lacking, "quotes", "news", "event calendar", "VIX", "asset status")

    def _row(self, session: date) -> int:
        row = self._table.row(session)
        if row is None:
            raise NoData(f"{session} ({session:%A}) is no session of the data: {self._span()}", "choose another date")
        return row

    def _span(self) -> str:
        return f"they span {self._table.sessions[0]} to {self._table.sessions[-1]}"


def _cut(values: tuple[float, ...] | None, first: int, until: int) -> tuple[float, ...] | None:
    return None if values is None else values[first:until]


@lru_cache(maxsize=2)
def _read_all(seen: tuple[tuple[Path, int, int], ...], adjusted: bool) -> BarTable:  # noqa: FBT001 - a cached key
    found: list[Series] = []
    for path, _, _ in seen:
        found += _READERS[path.suffix.lower()](path)
    return table_of(found, adjusted=adjusted)


def _read_parquet(path: Path) -> tuple[Series, ...]:
    from tools.market_data._parquet import read_parquet  # noqa: PLC0415 - pyarrow, only where there is such a file

    return read_parquet(path)


_READERS = {
    ".csv": read_csv,
    ".txt": read_csv,
    ".json": read_json,
    ".parquet": _read_parquet,
}
