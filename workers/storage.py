"""Where ledger, locks and checkpoints live: files in PM_HOME, or one PostgreSQL database."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, Self

from domain.episodes import EpisodeIndex
from domain.errors import Busy, LedgerDamaged
from domain.ports import Clock, Locks
from memory.ledger.engine import Database
from memory.ledger.opening import open_database
from memory.ledger.opening_postgres import open_postgres
from memory.ledger.store import SqlLedger
from memory.locks import AdvisoryLocks, FileLocks
from workers.settings import Settings


class Storage:
    """What a process opens once and its portfolios share: one database, one saver, one set of locks.

    Each part is opened when it is first asked for; use it as a context manager, after any fork.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._open = ExitStack()
        self._guard = threading.Lock()
        self._database: Database | None = None
        self._saver: Any = None
        self._locks: Locks | None = None
        self._recall: EpisodeIndex | None = None

    def __enter__(self) -> Self:
        """Open nothing yet."""
        return self

    def __exit__(self, *raised: object) -> bool | None:
        """Close what was opened; what SQLite said of the checkpoints is told in our words."""
        return self._open.__exit__(*raised)  # type: ignore[arg-type]  # the three of the protocol

    def ledger(self, clock: Clock) -> SqlLedger:
        """The ledger, as a portfolio with this clock sees it; raises LedgerDamaged, Busy, or DatabaseUnreachable."""
        with self._guard:
            if self._database is None:
                url = self._settings.postgres
                self._database = open_database(self._settings.home_path) if url is None else open_postgres(url)
                self._open.callback(self._database.close)
            return SqlLedger(self._database, clock)

    @property
    def saver(self) -> Any:
        """LangGraph's saver; raises LedgerDamaged, Busy, or DatabaseUnreachable."""
        with self._guard:
            if self._saver is None:
                self._saver = self._open.enter_context(open_saver(self._settings))
            return self._saver

    @property
    def locks(self) -> Locks:
        """The locks of runs and proposals."""
        with self._guard:
            if self._locks is None:
                self._locks = self._open.enter_context(open_locks(self._settings))
            return self._locks

    @property
    def recall(self) -> EpisodeIndex | None:
        """The index of episodes, None where PM_MEMORY is off; it loads nothing before it is used."""
        # They bring numpy along, which whoever stops a desk does not wait for.
        from memory.episodes.index import Mem0Index
        from memory.episodes.settings import MemorySettings

        settings = MemorySettings.read()
        if settings.pm_memory == "off":
            return None
        with self._guard:
            if self._recall is None:
                self._recall = Mem0Index(self._settings.home_path / "memory", settings, self._settings.postgres)
                self._open.callback(self._recall.close)
            return self._recall


def open_ledger(settings: Settings, clock: Clock) -> SqlLedger:
    """Open the ledger; raises LedgerDamaged, Busy, or DatabaseUnreachable."""
    url = settings.postgres
    return SqlLedger.open(settings.home_path, clock) if url is None else SqlLedger.open_url(url, clock)


@contextmanager
def open_locks(settings: Settings) -> Iterator[Locks]:
    """Open the locks of runs and proposals."""
    url = settings.postgres
    if url is None:
        yield FileLocks(settings.home_path / "locks")
        return
    with closing(AdvisoryLocks(url)) as locks:
        yield locks


@contextmanager
def open_saver(settings: Settings) -> Iterator[Any]:
    """Open LangGraph's saver; raises LedgerDamaged, Busy, or DatabaseUnreachable."""
    url = settings.postgres
    if url is None:
        with _sqlite_saver(settings.home_path / "checkpoints.sqlite") as saver:
            yield saver
        return
    from memory.checkpoints import open_postgres_checkpoints

    saver = open_postgres_checkpoints(url)
    with closing(saver.conn):
        yield saver


@contextmanager
def _sqlite_saver(path: Path) -> Iterator[Any]:
    from memory.checkpoints import open_checkpoints

    try:
        saver = open_checkpoints(path)
        with closing(saver.conn):
            yield saver
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise Busy(f"{path} is busy: another process is writing", "try again") from error
        raise LedgerDamaged(
            f"{path} can't be used: {error}", "move it away: runs start again from the ledger"
        ) from error
