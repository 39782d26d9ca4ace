"""Mutual exclusion between processes and between threads, gone with its holder: flock files, or PostgreSQL."""

import fcntl
import hashlib
import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString

from domain.errors import Busy
from memory.postgres import PostgresUrl, advisory_key, options

if TYPE_CHECKING:
    from psycopg import Connection

FIRST_PAUSE_SECONDS = 0.002
LONGEST_PAUSE_SECONDS = 0.05
STATEMENT_TIMEOUT_MS = 5_000
IDLE_CONNECTIONS = 4


class FileLocks:
    """Locks by key, one file each in `folder`; a file lives as long as its lock is held."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def hold(self, key: str, wait_seconds: float = 5.0) -> AbstractContextManager[None]:
        """Hold `key` while the block runs; not reentrant.

        Raises:
            Busy: somebody else held it for all of `wait_seconds`.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        return hold_file(self._folder / f"{_file_name(key)}.lock", key, wait_seconds, keep=False)


class AdvisoryLocks:
    """Locks by key in a PostgreSQL database; each held one has a connection of its own and dies with it."""

    def __init__(self, url: PostgresUrl) -> None:
        self._url = url
        self._idle: list[Connection[Any]] = []
        self._guard = threading.Lock()

    @contextmanager
    def hold(self, key: str, wait_seconds: float = 5.0) -> Iterator[None]:
        """Hold `key` while the block runs; not reentrant.

        Raises:
            Busy: somebody else held it for all of `wait_seconds`.
            DatabaseUnreachable: nobody answers at the database.
        """
        connection, number = self._connection(), advisory_key("lock", key)
        try:
            if not _wait_for(connection, number, time.monotonic() + wait_seconds):
                raise busy(key, wait_seconds)
            try:
                yield
            finally:
                _unlock(connection, number)
        finally:
            self._give_back(connection)

    def close(self) -> None:
        """Close the connections that hold nothing."""
        with self._guard:
            while self._idle:
                self._idle.pop().close()

    def _connection(self) -> "Connection[Any]":
        import psycopg  # noqa: PLC0415 - a desk on SQLite needs no driver

        try:
            with self._guard:
                idle = self._idle.pop() if self._idle else None
            if idle is not None and _answers(idle):
                return idle
            return psycopg.connect(self._url.for_psycopg, autocommit=True, **options(STATEMENT_TIMEOUT_MS))
        except psycopg.OperationalError as error:
            raise self._url.unreachable(error) from None

    def _give_back(self, connection: "Connection[Any]") -> None:
        with self._guard:
            if not connection.closed and len(self._idle) < IDLE_CONNECTIONS:
                self._idle.append(connection)
                return
        connection.close()


@contextmanager
def hold_file(path: Path, key: str, wait_seconds: float, *, keep: bool = True) -> Iterator[None]:
    """Hold the lock file at `path` while the block runs; unless `keep`, the last holder removes it.

    Raises:
        Busy: somebody else held it for all of `wait_seconds`.
    """
    held = _take(path, time.monotonic() + wait_seconds)
    if held is None:
        raise busy(key, wait_seconds)
    try:
        yield
    finally:
        if not keep:
            path.unlink(missing_ok=True)
        os.close(held)


def busy(key: str, wait_seconds: float) -> Busy:
    """Say that somebody else holds `key`."""
    return Busy(f"{key} is busy: somebody else has held it for {wait_seconds:g} s", "it will be continued; try again")


def _wait_for(connection: "Connection[Any]", number: int, deadline: float) -> bool:
    pause = FIRST_PAUSE_SECONDS
    while not _ask(connection, "SELECT pg_try_advisory_lock(%s)", number):
        if time.monotonic() >= deadline:
            return False
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
    return True


def _unlock(connection: "Connection[Any]", number: int) -> None:
    import psycopg  # noqa: PLC0415 - a desk on SQLite needs no driver

    try:
        _ask(connection, "SELECT pg_advisory_unlock(%s)", number)
    except psycopg.Error:
        connection.close()


def _answers(connection: "Connection[Any]") -> bool:
    import psycopg  # noqa: PLC0415 - a desk on SQLite needs no driver

    try:
        return _ask(connection, "SELECT %s > 0", 1)
    except psycopg.Error:
        connection.close()
        return False


def _ask(connection: "Connection[Any]", question: LiteralString, number: int) -> bool:
    row = connection.execute(question, (number,)).fetchone()
    return bool(row and row[0])


def _take(path: Path, deadline: float) -> int | None:
    pause = FIRST_PAUSE_SECONDS
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            if time.monotonic() >= deadline:
                return None
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            continue
        if _is_still_there(descriptor, path):
            return descriptor
        os.close(descriptor)


def _is_still_there(descriptor: int, path: Path) -> bool:
    # Between open and flock the last holder may have removed the file: then we hold a lock that nobody else sees.
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _file_name(key: str) -> str:
    readable = re.sub(r"[^A-Za-z0-9_-]+", "-", key)[:60]
    return f"{readable}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
