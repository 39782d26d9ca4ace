"""Where a run paused: LangGraph's checkpoints, in a SQLite file of their own or beside the ledger on PostgreSQL."""

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langgraph.checkpoint.sqlite import SqliteSaver

from domain.errors import LedgerDamaged
from memory.locks import AdvisoryLocks, hold_file
from memory.postgres import CONNECT_SECONDS, PostgresUrl, options

if TYPE_CHECKING:
    from langgraph.checkpoint.postgres import PostgresSaver

OPENING_SECONDS = 60.0
STATEMENT_TIMEOUT_MS = 30_000
POOL_SIZE = 10


def open_checkpoints(path: Path) -> SqliteSaver:
    """Open the checkpoints at `path`, creating file and tables under the lock that guards the opening of PM_HOME.

    Raises:
        LedgerDamaged: the file is no database of checkpoints.
        Busy: somebody else has been opening it for all of 60 s.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with hold_file(path.parent / "open.lock", str(path.parent), OPENING_SECONDS):
        connection = sqlite3.connect(path, check_same_thread=False)
        try:
            for pragma in ("busy_timeout=5000", "journal_mode=WAL", "synchronous=NORMAL"):
                connection.execute(f"PRAGMA {pragma}")
            saver = SqliteSaver(connection)
            saver.setup()
        except sqlite3.DatabaseError as error:
            connection.close()
            raise LedgerDamaged(
                f"{path} can't be read: {error}", "move it away: runs start again from the ledger"
            ) from error
    return saver


def load_postgres() -> None:
    """Import what a desk on PostgreSQL needs, and others do not; opens nothing."""
    import psycopg_pool  # noqa: F401, PLC0415
    from langgraph.checkpoint import postgres  # noqa: F401, PLC0415


def open_postgres_checkpoints(url: PostgresUrl) -> "PostgresSaver":
    """Open the checkpoints in the database at `url`, creating the tables under a lock; close with `saver.conn.close()`.

    Raises:
        DatabaseUnreachable: nobody answers there, or not to us.
        Busy: somebody else has been opening it for all of 60 s.
    """
    # These take 0.7 s to import: only a desk on PostgreSQL pays for it.
    import psycopg  # noqa: PLC0415
    from langgraph.checkpoint.postgres import PostgresSaver  # noqa: PLC0415
    from psycopg.rows import dict_row  # noqa: PLC0415
    from psycopg_pool import ConnectionPool, PoolTimeout  # noqa: PLC0415

    asked = options(STATEMENT_TIMEOUT_MS) | {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    try:
        psycopg.connect(url.for_psycopg, connect_timeout=CONNECT_SECONDS).close()
        pool: ConnectionPool[psycopg.Connection[dict[str, Any]]] = ConnectionPool(
            url.for_psycopg, kwargs=asked, min_size=1, max_size=POOL_SIZE, open=True
        )
        pool.wait(CONNECT_SECONDS)
    except (psycopg.OperationalError, PoolTimeout) as error:
        raise url.unreachable(error) from None
    saver = PostgresSaver(pool)
    try:
        # The lock is tried, not waited for: setup builds an index concurrently, which waits for all who wait in SQL.
        with AdvisoryLocks(url).hold("checkpoints", OPENING_SECONDS):
            saver.setup()
    except BaseException:
        pool.close()
        raise
    return saver
