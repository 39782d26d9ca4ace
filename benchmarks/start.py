"""How long a person waits for `pm --help`."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figure import Figure, timed

TIMES = 7
PM = Path(sys.executable).parent / "pm"


def measure() -> Iterator[Figure]:
    _call(str(PM), "--help")
    help_seconds = timed(lambda: _call(str(PM), "--help"), TIMES).wall
    bare = timed(lambda: _call(sys.executable, "-c", "pass"), TIMES).wall
    yield Figure(f"pm --help, median of {TIMES}, warm", help_seconds, "s", 0.3)
    yield Figure("python -c pass", bare, "s")
    yield Figure("pm --help / python -c pass", help_seconds / bare, "x")


def _call(*command: str) -> None:
    subprocess.run(command, capture_output=True, check=True)  # noqa: S603 - our own command
