"""Figures for Prometheus: counted as things happen in this process, and read from the ledger when somebody scrapes."""

import os
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

import structlog

from domain.jobs import Figure

BUCKETS = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0)
SHARED = "PROMETHEUS_MULTIPROC_DIR"
log: structlog.stdlib.BoundLogger = structlog.get_logger()


@cache
def _instruments() -> Any:
    from prometheus_client import Counter, Histogram  # noqa: PLC0415 - only processes that run by themselves count

    jobs = Counter("pm_jobs", "Jobs by kind and outcome", ["kind", "outcome"])
    seconds = Histogram("pm_job_seconds", "How long a job took", ["kind"], buckets=BUCKETS)
    return jobs, seconds


def job_ended(kind: str, outcome: str, seconds: float) -> None:
    """Count a job that came to its end, however it ended."""
    jobs, took = _instruments()
    jobs.labels(kind, outcome).inc()
    took.labels(kind).observe(seconds)


def count_in_children() -> str:
    """Let the children of this process count into one folder; call it before anything is counted."""
    folder = tempfile.mkdtemp(prefix="pm-metrics-")
    os.environ[SHARED] = folder  # noqa: TID251 - the library reads its setting there, and nowhere else
    return folder


def serve_metrics(
    port: int, figures: Callable[[], Iterable[Figure]], *, folder: str | None = None
) -> Callable[[], None]:
    """Answer at `/metrics` on all addresses; `folder` is where children count. Return what ends it.

    Raises:
        OSError: the port is taken.
    """
    from prometheus_client import CollectorRegistry, start_http_server  # noqa: PLC0415 - the same
    from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415 - the same

    registry = CollectorRegistry()
    if folder is None:
        from prometheus_client import REGISTRY  # noqa: PLC0415 - the same

        registry = REGISTRY
    else:
        MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]
    collector = LedgerFigures(figures)
    registry.register(collector)
    server, _ = start_http_server(port, registry=registry)

    def end() -> None:
        registry.unregister(collector)
        server.shutdown()
        server.server_close()

    return end


class LedgerFigures:
    """A collector that asks the ledger; while that is away it tells nothing but that."""

    def __init__(self, figures: Callable[[], Iterable[Figure]]) -> None:
        self._figures = figures
        self._one_at_a_time = threading.Lock()

    def describe(self) -> Iterable[Any]:
        """Say nothing beforehand: the ledger may not be there yet."""
        return ()

    def collect(self) -> Iterator[Any]:
        """Turn the ledger's figures into families."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily  # noqa: PLC0415 - the same

        with self._one_at_a_time:
            try:
                found = list(self._figures())
            except Exception as error:  # noqa: BLE001 - a scrape must not fail because the database restarts
                log.warning("figures_not_read", problem=str(error))
                yield GaugeMetricFamily("pm_ledger_up", "Whether the ledger answered", value=0)
                return
        yield GaugeMetricFamily("pm_ledger_up", "Whether the ledger answered", value=1)
        families: defaultdict[str, list[Figure]] = defaultdict(list)
        for figure in found:
            families[figure.name].append(figure)
        for name, figures in sorted(families.items()):
            labels = list(figures[0].labels)
            grows = name.endswith("_total")
            family = (CounterMetricFamily if grows else GaugeMetricFamily)(
                name.removesuffix("_total"), name.replace("_", " "), labels=labels
            )
            for figure in figures:
                family.add_metric([figure.labels[label] for label in labels], figure.value)
            yield family
