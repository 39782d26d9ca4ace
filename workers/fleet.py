"""`pm worker` and `pm beat`: Celery's programs, started with our settings and our log."""

import os
import socket

from workers.logs import log_to
from workers.settings import read_settings

EVERY_CHILD_TASKS = 1000
"""A child is replaced after this many tasks, so that nothing it leaks adds up."""


def run_worker(concurrency: int, queues: str, metrics_port: int | None) -> int:
    """Run a worker until it is told to stop; return its exit code.

    Raises:
        OperatorNeeded: PM_REDIS_URL is not set.
    """
    from workers.celery_app import app  # noqa: PLC0415 - takes half a second, and settings that other commands need not

    settings = read_settings()
    log_to(settings.home_path)
    name = f"{socket.gethostname()}-{os.getpid()}"
    argv = ["worker", f"--concurrency={concurrency}", f"--queues={queues}", f"--hostname=pm@{name}"]
    options = [
        "--loglevel=WARNING",
        "--without-gossip",
        "--without-mingle",
        f"--max-tasks-per-child={EVERY_CHILD_TASKS}",
    ]
    _ = metrics_port
    app.worker_main([*argv, *options])
    return 0


def run_beat() -> int:
    """Run beat until it is told to stop.

    Raises:
        OperatorNeeded: PM_REDIS_URL is not set.
    """
    from workers.celery_app import app  # noqa: PLC0415 - the same

    log_to(read_settings().home_path)
    app.Beat(loglevel="WARNING", quiet=False).run()
    return 0
