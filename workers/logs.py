"""Events go to a file, one JSON object a line; the terminal belongs to the person."""

from pathlib import Path

import structlog

from domain.errors import OperatorNeeded


def log_to(home: Path) -> None:
    """Append every event to `home/events.log`, creating the folder.

    Raises:
        OperatorNeeded: `home` is no folder that we may write to.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        stream = (home / "events.log").open("a", encoding="utf-8", buffering=1)
    except OSError as error:
        raise OperatorNeeded(
            f"PM_HOME {home} can't be used: {error.strerror}",
            "make it a folder that you may write to, or choose another PM_HOME",
        ) from error
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=False,
    )
