"""Mutual exclusion by flock files: between processes and between threads, gone with its holder."""

import fcntl
import hashlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from domain.errors import Busy

FIRST_PAUSE_SECONDS = 0.002
LONGEST_PAUSE_SECONDS = 0.05


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


@contextmanager
def hold_file(path: Path, key: str, wait_seconds: float, *, keep: bool = True) -> Iterator[None]:
    """Hold the lock file at `path` while the block runs; unless `keep`, the last holder removes it.

    Raises:
        Busy: somebody else held it for all of `wait_seconds`.
    """
    held = _take(path, time.monotonic() + wait_seconds)
    if held is None:
        raise Busy(
            f"{key} is busy: somebody else has held it for {wait_seconds:g} s", "it will be continued; try again"
        )
    try:
        yield
    finally:
        if not keep:
            path.unlink(missing_ok=True)
        os.close(held)


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
