"""Figures for Prometheus: counted as things happen in this process, read from the ledger when somebody scrapes."""

from functools import cache
from typing import Any


@cache
def _instruments() -> Any:
    from prometheus_client import Counter, Histogram  # noqa: PLC0415 - only processes that run by themselves count

    jobs = Counter("pm_jobs", "Jobs by kind and outcome", ["kind", "outcome"])
    seconds = Histogram(
        "pm_job_seconds", "How long a job took", ["kind"], buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300)
    )
    return jobs, seconds


def job_ended(kind: str, outcome: str, seconds: float) -> None:
    """Count a job that came to its end, however it ended."""
    jobs, took = _instruments()
    jobs.labels(kind, outcome).inc()
    took.labels(kind).observe(seconds)
