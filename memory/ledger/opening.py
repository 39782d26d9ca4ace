"""Opening PM_HOME: under a file lock, a new ledger is made and an old one checked and brought up to date."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from domain.errors import LedgerDamaged
from memory.ledger import statistics
from memory.ledger.engine import RESTORE, Database, sqlite_engine
from memory.ledger.migrations import HEAD
from memory.ledger.tables import METADATA
from memory.locks import hold_file

FILE_NAME = "ledger.sqlite"
OPENING_SECONDS = 60.0


def open_database(home: Path, *, durable: bool = True) -> Database:
    """Open the ledger in `home`, creating both where they are missing; `durable` as `sqlite_engine` has it.

    Raises:
        LedgerDamaged: the file is there but no ledger of ours; it is left as it is.
        Busy: somebody else has been opening it for all of 60 s.
    """
    path = home / FILE_NAME
    try:
        home.mkdir(parents=True, exist_ok=True)
        with hold_file(home / "open.lock", str(home), OPENING_SECONDS):
            if path.exists():
                _check(path)
            else:
                _create(path)
    except OSError as error:
        remedy = "make it a folder that you may write to, or choose another PM_HOME"
        raise LedgerDamaged(f"{home} can't be used: {error.strerror}", remedy) from error
    return Database(sqlite_engine(path, durable=durable))


def _create(path: Path) -> None:
    if path.with_name(f"{path.name}-wal").exists():
        raise LedgerDamaged(f"{path} is missing, but its write-ahead log is there", RESTORE)
    # Made beside its place and moved there when complete: whatever stands at `path` has always been a whole ledger.
    fresh = path.with_name(f"{path.name}.new")
    for leftover in (fresh, fresh.with_name(f"{fresh.name}-wal"), fresh.with_name(f"{fresh.name}-shm")):
        leftover.unlink(missing_ok=True)
    _migrate(fresh)
    fresh.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def _check(path: Path) -> None:
    version, tables = _look_at(path)
    if version != HEAD or statistics.TABLE not in tables:
        _migrate(path)
        version, tables = _look_at(path)
    missing = sorted({table.name for table in METADATA.sorted_tables} - tables)
    if missing:
        raise LedgerDamaged(f"{path} lacks the table {missing[0]}", RESTORE)


def _look_at(path: Path) -> tuple[str, set[str]]:
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=10.0)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if "alembic_version" not in tables:
                raise LedgerDamaged(f"{path} is not a ledger: it says no version", RESTORE)
            found = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    except sqlite3.Error as error:
        raise LedgerDamaged(f"{path} can't be read: {error}", RESTORE) from error
    if len(found) != 1:
        raise LedgerDamaged(f"{path} says {len(found)} versions instead of one", RESTORE)
    return str(found[0][0]), tables


def _migrate(path: Path) -> None:
    # Alembic takes 0.1 s to import: only a ledger that is not at head pays for it.
    from memory.ledger.migrations.upgrade import upgrade  # noqa: PLC0415

    database = Database(sqlite_engine(path))
    try:
        with database.write() as session:
            upgrade(session.connection(), path)
            statistics.assume_sizes(session.connection())
    finally:
        database.close()
