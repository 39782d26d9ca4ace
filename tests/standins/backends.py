"""The two databases a ledger can live in, as tests use them: open it, break it, tell another process where it is."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg

from memory.checkpoints import open_checkpoints, open_postgres_checkpoints
from memory.ledger.store import SqlLedger
from memory.locks import AdvisoryLocks, FileLocks
from memory.postgres import PostgresUrl
from tests.memory.fakes import FakeClock
from tests.standins.postgres import Postgres


class SqliteBackend:
    """A ledger in a file."""

    is_postgres = False

    def __init__(self, home: Path, blank: Path | None = None) -> None:
        self.home = home
        if blank is not None:
            shutil.copy(blank, home / "ledger.sqlite")

    @property
    def address(self) -> str:
        return str(self.home)

    def open(self, clock=None) -> SqlLedger:
        return ledger_at(self.address, clock or FakeClock())

    def raw(self, statement: str, *parameters: object) -> list[tuple]:
        """Run SQL behind the ledger's back; parameters are written %s."""
        with closing(sqlite3.connect(self.home / "ledger.sqlite")) as connection, connection:
            return connection.execute(statement.replace("%s", "?"), parameters).fetchall()

    @contextmanager
    def asking(self) -> Iterator[Callable[..., list[tuple]]]:
        """The same on one connection, for a test that asks thousands of times."""
        with closing(sqlite3.connect(self.home / "ledger.sqlite", isolation_level=None)) as connection:
            yield lambda statement, *given: connection.execute(statement.replace("%s", "?"), given).fetchall()


class PostgresBackend:
    """A ledger in a PostgreSQL database."""

    is_postgres = True

    def __init__(self, cluster: Postgres, name: str) -> None:
        self.cluster = cluster
        self.name = name

    @property
    def address(self) -> str:
        return self.cluster.url(self.name)

    @property
    def url(self) -> PostgresUrl:
        return PostgresUrl(self.address)

    def open(self, clock=None) -> SqlLedger:
        return ledger_at(self.address, clock or FakeClock())

    def raw(self, statement: str, *parameters: object) -> list[tuple]:
        """Run SQL behind the ledger's back; parameters are written %s."""
        with psycopg.connect(self.url.for_psycopg) as connection:
            done = connection.execute(statement, parameters)
            return done.fetchall() if done.description else []

    @contextmanager
    def asking(self) -> Iterator[Callable[..., list[tuple]]]:
        """The same on one connection, for a test that asks thousands of times."""
        with psycopg.connect(self.url.for_psycopg, autocommit=True) as connection:

            def ask(statement: str, *given: object) -> list[tuple]:
                done = connection.execute(statement, given)
                return done.fetchall() if done.description else []

            yield ask


def ledger_at(address: str, clock) -> SqlLedger:
    """Open the ledger at a folder or a URL."""
    if "://" in address:
        return SqlLedger.open_url(PostgresUrl(address), clock)
    return SqlLedger.open(Path(address), clock)


def locks_at(address: str):
    """The locks that belong to a ledger."""
    return AdvisoryLocks(PostgresUrl(address)) if "://" in address else FileLocks(Path(address) / "locks")


def checkpoints_at(address: str):
    """The checkpoints that belong to a ledger."""
    if "://" in address:
        return open_postgres_checkpoints(PostgresUrl(address))
    return open_checkpoints(Path(address) / "checkpoints.sqlite")
