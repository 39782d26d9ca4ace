"""Opening a ledger on PostgreSQL: the first one in makes the tables, under an advisory lock, in one transaction."""

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from domain.errors import LedgerDamaged
from memory.ledger.engine import Database, postgres_engine
from memory.ledger.migrations import HEAD
from memory.ledger.tables import METADATA
from memory.postgres import PostgresUrl, advisory_key

OPENING_SECONDS = 60
OPENING = advisory_key("ledger", "opening")
REMEDY = "restore a copy of the database, or name another one in PM_DATABASE_URL"


def open_postgres(url: PostgresUrl) -> Database:
    """Open the ledger at `url`, making or upgrading its tables where needed.

    Raises:
        DatabaseUnreachable: nobody answers, or not to this user, password or database.
        LedgerDamaged: the tables are not ours, or not all there; nothing is overwritten.
        Busy: somebody else has been opening it for all of 60 s.
    """
    engine = postgres_engine(url)
    _reach(engine, url)
    database = Database(engine)
    try:
        with database.read() as session:
            version = _version(session.connection())
        if version != HEAD:
            _migrate(database, url)
        _check(database, url)
    except BaseException:
        database.close()
        raise
    return database


def _check(database: Database, url: PostgresUrl) -> None:
    with database.read() as session:
        missing = {table.name for table in METADATA.sorted_tables} - _tables(session.connection())
    if missing:
        raise LedgerDamaged(f"{url} lacks the table {min(missing)}", REMEDY)


def _reach(engine: Engine, url: PostgresUrl) -> None:
    try:
        engine.connect().close()
    except OperationalError as error:
        engine.dispose()
        raise url.unreachable(error.orig or error) from None


def _migrate(database: Database, url: PostgresUrl) -> None:
    # Alembic takes 0.1 s to import: only a ledger that is not at head pays for it.
    from memory.ledger.migrations.upgrade import upgrade  # noqa: PLC0415

    with database.write() as session:
        connection = session.connection()
        connection.execute(text(f"SET LOCAL statement_timeout = '{OPENING_SECONDS}s'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": OPENING})
        if _version(connection) != HEAD:
            upgrade(connection, str(url))


def _version(connection: Connection) -> str | None:
    tables = _tables(connection)
    if "alembic_version" not in tables:
        ours = sorted(tables & {table.name for table in METADATA.sorted_tables})
        if ours:
            raise LedgerDamaged(f"{_name_of(connection)} has the table {ours[0]}, but says no version", REMEDY)
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    if len(found) != 1:
        raise LedgerDamaged(f"{_name_of(connection)} says {len(found)} versions instead of one", REMEDY)
    return str(found[0])


def _name_of(connection: Connection) -> str:
    """Name the database of a connection without its password."""
    return str(connection.engine.url.database)


def _tables(connection: Connection) -> set[str]:
    # Asked plainly: SQLAlchemy's inspector takes longer to load than a kill may wait.
    return set(
        connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")).scalars()
    )
