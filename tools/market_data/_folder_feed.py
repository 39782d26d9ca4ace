"""A folder of a user's own files, replayed over its own history like the recorded feed."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.errors import BadInput, LookAhead, NoData, OperatorNeeded
from domain.market import Execution, MarketSnapshot
from tools.exchange import Exchange
from tools.market_data._bar_table import BarTable, table_of
from tools.market_data._bar_window import window_of
from tools.market_data._file_formats import Series, read_csv, read_json

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
        window = window_of(self._table, symbols, self._row(session))
        if as_of < self._exchange.closes(window.sessions[-1]):
            raise LookAhead(f"the close of {window.sessions[-1]} is not known at {as_of.isoformat()}", "ask later")
        return MarketSnapshot(
            feed=self.name,
            simulated=self.simulated,
            execution=self.execution,
            as_of=as_of,
            session=session,
            opens_at=self._exchange.opens(session),
            closes_at=self._exchange.closes(session),
            sessions=window.sessions,
            previous_session=self._exchange.before(session, 1)[-1],
            history=dict(window.history),
            lacks=(*window.lacks, "news", "event calendar", "VIX", "asset status"),
            assumptions=("prices come from your own files", *self._table.told, "orders fill on the session's close"),
        )

    def _row(self, session: date) -> int:
        row = self._table.row(session)
        if row is None:
            raise NoData(f"{session} ({session:%A}) is no session of the data: {self._span()}", "choose another date")
        return row

    def _span(self) -> str:
        return f"they span {self._table.sessions[0]} to {self._table.sessions[-1]}"


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
