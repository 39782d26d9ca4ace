"""Where a run paused: LangGraph's checkpoints in a SQLite file of their own."""

import sqlite3
from pathlib import Path

from langgraph.checkpoint.sqlite import SqliteSaver

from domain.errors import LedgerDamaged
from memory.locks import hold_file

OPENING_SECONDS = 60.0


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
