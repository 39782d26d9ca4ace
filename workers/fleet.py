"""`pm worker` and `pm beat`: Celery's programs, started with our settings and our log."""

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from domain.jobs import Figure
from tools.clock import ReplayClock, wall_time
from workers import metrics
from workers.logs import log_to
from workers.settings import Settings, read_settings
from workers.storage import open_ledger

EVERY_CHILD_TASKS = 1000
"""A child is replaced after this many tasks, so that nothing it leaks adds up."""


def run_worker(concurrency: int, queues: str, metrics_port: int | None) -> int:
    """Run a worker until it is told to stop; return its exit code.

    Raises:
        OperatorNeeded: PM_REDIS_URL is not set.
    """
    from workers.celery_app import app  # noqa: PLC0415 - takes half a second, and settings that other commands need not

    settings = read_settings()
    log_to(settings.home_path, stdout=settings.log_stdout)
    name = f"{socket.gethostname()}-{os.getpid()}"
    argv = ["worker", f"--concurrency={concurrency}", f"--queues={queues}", f"--hostname=pm@{name}"]
    options = [
        "--loglevel=WARNING",
        "--without-gossip",
        "--without-mingle",
        f"--max-tasks-per-child={EVERY_CHILD_TASKS}",
    ]
    with _metrics(settings, metrics_port or settings.metrics_port):
        app.worker_main([*argv, *options])
    return 0


@contextmanager
def _metrics(settings: Settings, port: int) -> Iterator[None]:
    """Answer at /metrics for the whole pool: children count into a folder, also those that replace others."""
    if not port:
        yield
        return
    folder = metrics.count_in_children()
    end = metrics.serve_metrics(port, lambda: _figures(settings), folder=folder)
    try:
        yield
    finally:
        end()
        shutil.rmtree(folder, ignore_errors=True)


def _figures(settings: Settings) -> tuple[Figure, ...]:
    """Ask the ledger over a connection that is closed again: the parent of a pool keeps none that a fork could copy."""
    now = wall_time()
    ledger = open_ledger(settings, ReplayClock(now.date(), now))
    try:
        return ledger.figures(now)
    finally:
        ledger.close()


def run_beat() -> int:
    """Run beat until it is told to stop.

    Raises:
        OperatorNeeded: PM_REDIS_URL is not set.
    """
    from workers.celery_app import app  # noqa: PLC0415 - the same

    settings = read_settings()
    log_to(settings.home_path, stdout=settings.log_stdout)
    app.Beat(loglevel="WARNING", quiet=False).run()
    return 0
