"""Events go to a file, one JSON object a line, and for containers to standard output too."""

import sys
from pathlib import Path
from typing import Any, TextIO

import structlog

from domain.errors import OperatorNeeded

_open: dict[Path, TextIO] = {}


class _Both:
    """Writes each line to the file and to standard output."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        """Write to both."""
        sys.stdout.write(text)
        return self._file.write(text)

    def flush(self) -> None:
        """Flush both."""
        sys.stdout.flush()
        self._file.flush()


def log_to(home: Path, *, stdout: bool = False) -> None:
    """Append every event to `home/events.log`, creating the folder; with `stdout`, print it too.

    What is bound with structlog's contextvars (job, portfolio, slot, proposal) is part of every event. Calling it again
    for the same home changes nothing, so that a process which prints its events goes on doing so.

    Raises:
        OperatorNeeded: `home` is no folder that we may write to.
    """
    path = home / "events.log"
    if path in _open and path.exists() and structlog.is_configured() and not stdout:
        return
    try:
        home.mkdir(parents=True, exist_ok=True)
        stream = path.open("a", encoding="utf-8", buffering=1)
    except OSError as error:
        raise OperatorNeeded(
            f"PM_HOME {home} can't be used: {error.strerror}",
            "make it a folder that you may write to, or choose another PM_HOME",
        ) from error
    _open.clear()
    _open[path] = stream
    target: Any = _Both(stream) if stdout else stream
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=target),
        cache_logger_on_first_use=False,
    )
