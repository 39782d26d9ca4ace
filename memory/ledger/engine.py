"""Transactions of the ledger: readers share, a writer holds its lock from its first statement on."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, cast

from sqlalchemy import URL, BigInteger, Connection, Engine, bindparam, create_engine, event, func, select, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolEmpty
from sqlalchemy.pool import ConnectionPoolEntry, NullPool
from sqlmodel import Session
from sqlmodel.sql.expression import SelectOfScalar

from domain.errors import Busy, LedgerDamaged
from memory.ledger.held import Transaction
from memory.ledger.prepared import Prepared
from memory.postgres import PostgresUrl, advisory_key, options

BUSY_TIMEOUT_MS = 10_000
STATEMENT_TIMEOUT_MS = 5_000
STATEMENTS = 1_000
"""So many prepared statements each of SQLite's connections keeps: more than there are."""
POOL_SIZE = 10
POOL_SECONDS = 10.0
BEGIN_READING, BEGIN_WRITING = Prepared(text("BEGIN")), Prepared(text("BEGIN IMMEDIATE"))
COMMIT = Prepared(text("COMMIT"))
LOCK = Prepared(select(func.pg_advisory_xact_lock(bindparam("key", type_=BigInteger))))
RESTORE = "restore a copy of PM_HOME, or start a new one with another PM_HOME"
POSTGRES = "postgresql"

CANCELED, LOCK_NOT_AVAILABLE = "57014", "55P03"
UNDEFINED_TABLE, UNDEFINED_COLUMN = "42P01", "42703"
AGAIN = frozenset({"40001", "40P01"})
"""Serialization failure and deadlock: rolled back for sure, the same transaction may pass now."""


class TransactionLost(Busy):
    """PostgreSQL rolled the transaction back or went away; every method of the ledger may simply be called again."""


def sqlite_engine(path: Path, *, durable: bool = True) -> Engine:
    """Make the engine of a SQLite ledger; neither SQLAlchemy nor the driver begins a transaction: `Database` does.

    One that is not `durable` survives the death of its process, but not of the machine: for what can be made again.
    """
    engine = create_engine(
        URL.create("sqlite", database=str(path)), poolclass=NullPool, connect_args={"cached_statements": STATEMENTS}
    )
    event.listen(engine, "connect", _prepare if durable else _prepare_quick)
    return engine


def postgres_engine(url: PostgresUrl) -> Engine:
    """Make the engine of a PostgreSQL ledger: ten connections at most, each checked before it is used."""
    return create_engine(
        url.for_sqlalchemy,
        pool_size=POOL_SIZE,
        max_overflow=0,
        pool_timeout=POOL_SECONDS,
        pool_pre_ping=True,
        connect_args=options(STATEMENT_TIMEOUT_MS),
        hide_parameters=True,
    )


class Database:
    """Hands out one transaction at a time, to any number of threads."""

    def __init__(self, engine: Engine) -> None:
        self.is_postgres = engine.dialect.name == POSTGRES
        self._reader = _Lane(_seeing_one_state(engine)) if self.is_postgres else _Lane(engine, BEGIN_READING)
        self._writer = _Lane(engine) if self.is_postgres else _Lane(engine, BEGIN_WRITING)
        self._engine = engine
        self._turn = threading.RLock()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a transaction that sees one state of the ledger and changes nothing."""
        with told_plainly(), self._reader.transaction(autoflush=False) as session:
            yield session

    @contextmanager
    def write(self, portfolio: str | SelectOfScalar[str] | None = None) -> Iterator[Session]:
        """Open the writing transaction; commits at the end of the block, rolls back when it raises.

        SQLite has one writer at a time. PostgreSQL has one a `portfolio` (its name, or the query that finds it).

        Raises:
            Busy: somebody else has been writing for all of 10 s (PostgreSQL: 5 s).
            LedgerDamaged: the database can't be read.
        """
        with (
            nullcontext() if self.is_postgres else self._in_turn(),
            told_plainly(),
            self._writer.transaction(autoflush=True) as session,
        ):
            if self.is_postgres and portfolio is not None:
                _lock(session, portfolio)
            yield session

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        # SQLite makes a writer that has to wait sleep and look again; threads of one process can be woken instead.
        if not self._turn.acquire(timeout=BUSY_TIMEOUT_MS / 1000.0):
            raise Busy("the ledger is busy: another thread is writing", "try again")
        try:
            yield
        finally:
            self._turn.release()

    def close(self) -> None:
        """Close all connections."""
        for lane in (self._reader, self._writer):
            lane.close()
        self._engine.dispose()


class _Lane:
    """Connections for transactions of one kind.

    SQLite's are kept open and begin with a statement of ours: taking one, and letting SQLAlchemy begin, each cost more
    than a query.
    """

    def __init__(self, engine: Engine, begin: Prepared | None = None) -> None:
        self._engine = engine
        self._begin = begin
        self._idle: deque[Connection] = deque()

    @contextmanager
    def transaction(self, *, autoflush: bool) -> Iterator[Session]:
        """Open a transaction; commits at the end of the block, rolls back when it raises.

        Its connection is not lent again when it comes back broken.
        """
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._engine.connect()
        try:
            if self._begin is None:
                connection.begin()
            else:
                self._begin.run(connection, {})
            transaction = Transaction(connection, autoflush=autoflush)
            try:
                yield cast("Session", transaction)
                if autoflush:
                    transaction.flush()
            finally:
                transaction.close()
            self._commit(connection)
        except BaseException:
            self._roll_back(connection)
            raise
        finally:
            if self._begin is None or connection.closed or connection.invalidated:
                connection.close()
            else:
                self._idle.append(connection)

    def _commit(self, connection: Connection) -> None:
        if connection.in_transaction():
            connection.commit()
        else:
            COMMIT.run(connection, {})

    def _roll_back(self, connection: Connection) -> None:
        if connection.in_transaction():
            connection.rollback()
        elif self._begin is not None:
            driver: Any = connection.connection.driver_connection
            driver.rollback()

    def close(self) -> None:
        """Close what nobody has borrowed."""
        while self._idle:
            self._idle.pop().close()


@contextmanager
def told_plainly() -> Iterator[None]:
    """Turn what the driver says of locks and broken databases into our errors; a mistake of ours stays what it is."""
    try:
        yield
    except PoolEmpty as error:
        raise Busy("all connections to the ledger are in use", "try again") from error
    except (OperationalError, InterfaceError, ProgrammingError) as error:
        if error.orig is not None and type(error.orig).__module__.startswith("psycopg"):
            _tell_postgres(error)
        if not isinstance(error, OperationalError):
            raise
        if "locked" in str(error.orig):
            raise Busy("the ledger is busy: another process is writing", "try again") from error
        outside = "full" in str(error.orig) or "readonly" in str(error.orig)
        remedy = "free some space and make PM_HOME writable" if outside else RESTORE
        raise LedgerDamaged(f"the ledger can't be used: {error.orig}", remedy) from error
    except DatabaseError as error:
        if type(error) is DatabaseError:
            raise LedgerDamaged(f"the ledger can't be read: {error.orig}", RESTORE) from error
        raise


def _tell_postgres(error: DBAPIError) -> None:
    state = getattr(error.orig, "sqlstate", None)
    if state in AGAIN:
        raise TransactionLost("the ledger is busy: another process is writing", "try again") from error
    if state in {CANCELED, LOCK_NOT_AVAILABLE}:
        raise Busy("the ledger is busy: another process is writing", "try again") from error
    if state in {UNDEFINED_TABLE, UNDEFINED_COLUMN}:
        said = str(error.orig).splitlines()[0]
        raise LedgerDamaged(f"the ledger can't be used: {said}", "restore a copy of the database") from error
    if isinstance(error, ProgrammingError):
        raise error
    said = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else "the connection was lost"
    raise TransactionLost(f"the ledger's PostgreSQL went away: {said}", "it will be continued; try again") from error


def _lock(session: Session, portfolio: str | SelectOfScalar[str]) -> None:
    connection = session.connection()
    name = portfolio if isinstance(portfolio, str) else connection.execute(portfolio).scalar()
    if name is not None:
        LOCK.run(connection, {"key": advisory_key("portfolio", name)})


def _seeing_one_state(engine: Engine) -> Engine:
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    # FULL, not NORMAL: an intent that the broker has heard of must survive a power cut too.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _prepare_quick(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    _prepare(connection, record)
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=OFF")
    cursor.close()
