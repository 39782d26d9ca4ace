"""Where ledger, locks and checkpoints live: files in PM_HOME, or one PostgreSQL database."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from domain.errors import Busy, LedgerDamaged
from domain.ports import Clock, Locks
from memory.ledger.store import SqlLedger
from memory.locks import AdvisoryLocks, FileLocks
from workers.settings import Settings


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
