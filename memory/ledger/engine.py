"""Transactions of the ledger: readers share, a writer holds the lock from its first statement on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolEmpty
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import Session

from domain.errors import Busy, LedgerDamaged

BUSY_TIMEOUT_MS = 10_000
WRITES = "ledger_writes"
RESTORE = "restore a copy of PM_HOME, or start a new one with another PM_HOME"


def sqlite_engine(path: Path) -> Engine:
    """Make the engine of a SQLite ledger; SQLAlchemy emits our BEGIN, the driver none."""
    engine = create_engine(URL.create("sqlite", database=str(path)), pool_size=8, max_overflow=24)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


class Database:
    """Hands out one transaction at a time, to any number of threads."""

    def __init__(self, engine: Engine) -> None:
        self._reader = engine
        self._writer = engine.execution_options(**{WRITES: True})

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a transaction that sees one state of the ledger and changes nothing."""
        with told_plainly(), Session(self._reader, autoflush=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open the writing transaction; commits at the end of the block, rolls back when it raises.

        Raises:
            Busy: another process has been writing for all of 10 s.
            LedgerDamaged: the file can't be read.
        """
        with told_plainly(), Session(self._writer, expire_on_commit=False) as session, session.begin():
            session.connection()
            yield session

    def close(self) -> None:
        """Close all connections."""
        self._reader.dispose()


@contextmanager
def told_plainly() -> Iterator[None]:
    """Turn what the driver says of locks and broken files into our errors; a mistake of ours stays what it is."""
    try:
        yield
    except PoolEmpty as error:
        raise Busy("all connections to the ledger are in use", "try again") from error
    except OperationalError as error:
        if "locked" in str(error.orig):
            raise Busy("the ledger is busy: another process is writing", "try again") from error
        outside = "full" in str(error.orig) or "readonly" in str(error.orig)
        remedy = "free some space and make PM_HOME writable" if outside else RESTORE
        raise LedgerDamaged(f"the ledger can't be used: {error.orig}", remedy) from error
    except DatabaseError as error:
        if type(error) is DatabaseError:
            raise LedgerDamaged(f"the ledger can't be read: {error.orig}", RESTORE) from error
        raise


def _prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    # FULL, not NORMAL: an intent that the broker has heard of must survive a power cut too.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
