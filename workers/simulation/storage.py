"""The ledger's database in memory, faults at the boundary of its transactions; locks, and the clock of the desk."""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import date, datetime
from functools import cache
from pathlib import Path

from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import StaticPool
from sqlmodel import Session
from sqlmodel.sql.expression import SelectOfScalar

from domain.errors import Busy
from memory.ledger.engine import Database, TransactionLost
from memory.ledger.opening import FILE_NAME, open_database
from workers.simulation.process import Process
from workers.simulation.world import World, at_second

TRANSACTION_SECONDS = 0.003


class SimulatedClock:
    """Virtual time as the desk reads it: `skew` seconds off the truth."""

    replay = False

    def __init__(self, world: World) -> None:
        self._world = world
        self.skew = 0.0

    def now(self) -> datetime:
        """What the desk takes for the time."""
        return at_second(self._world.now + self.skew)

    def wall(self) -> datetime:
        """The same."""
        return self.now()

    def session(self) -> date:
        """The session of the desk's day."""
        return self.now().date()


def open_memory() -> tuple[Engine, sqlite3.Connection]:
    """Open a fresh migrated ledger in memory: the engine, and the connection below it for looking on.

    A process has one of each: the next seed's ledger replaces the last one's, and compiled statements stay.
    """
    engine, connection = _memory()
    connection.deserialize(_migrated())
    return engine, connection


@cache
def _memory() -> tuple[Engine, sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None, cached_statements=512)
    connection.execute("PRAGMA foreign_keys=ON")
    engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool, query_cache_size=2000)
    return engine, connection


@cache
def _migrated() -> bytes:
    """The bytes of an empty ledger as production makes it; one connection needs no write-ahead log."""
    with tempfile.TemporaryDirectory() as folder:
        open_database(Path(folder)).close()
        with closing(sqlite3.connect(Path(folder) / FILE_NAME)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
            return connection.serialize()


class SimulatedDatabase(Database):
    """Hands out transactions that may fail before they begin, or commit without telling."""

    def __init__(self, engine: Engine, process: Process) -> None:
        super().__init__(engine)
        self._process = process
        self._chance = process.world.stream(f"database/{process.name}/{process.lives}")

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a reading transaction."""
        self._process.cross("ledger", TRANSACTION_SECONDS)
        self._may_fail()
        with super().read() as session:
            yield session

    @contextmanager
    def write(self, portfolio: str | SelectOfScalar[str] | None = None) -> Iterator[Session]:
        """Open a writing transaction."""
        process = self._process
        process.cross("ledger, before a commit", TRANSACTION_SECONDS)
        self._may_fail()
        with super().write(portfolio) as session:
            yield session
        if self._happens("db_unknown"):
            process.world.counted["commits unknown"] += 1
            process.world.note(process.name, "commit without an answer")
            raise TransactionLost("the connection was lost after COMMIT", "it will be continued; try again")
        process.cross("ledger, after a commit")

    def _may_fail(self) -> None:
        if self._happens("db_failed"):
            self._process.world.counted["transactions failed"] += 1
            raise TransactionLost("serialization failure", "it will be continued; try again")

    def _happens(self, fault: str) -> bool:
        rate = self._process.swarm.rate(fault)
        return rate > 0.0 and self._chance.random() < rate


class SimulatedLocks:
    """Locks between the processes of one simulation; what died holds nothing."""

    def __init__(self) -> None:
        self._held: set[str] = set()

    def hold(self, key: str, wait_seconds: float = 5.0) -> AbstractContextManager[None]:
        """Hold `key` while the block runs; raises Busy where somebody else does."""
        return self._hold(key, wait_seconds)

    @contextmanager
    def _hold(self, key: str, wait_seconds: float) -> Iterator[None]:
        if key in self._held:
            raise Busy(f"{key} is busy: somebody else has held it for {wait_seconds:g} s", "it will be continued")
        self._held.add(key)
        try:
            yield
        finally:
            self._held.remove(key)
