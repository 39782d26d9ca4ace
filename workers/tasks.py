"""Celery tasks: each carries a portfolio and a name, looks at the rows, and may come twice or never."""

import os
from collections.abc import Callable
from functools import cache
from typing import Any

import structlog
from celery.signals import worker_init, worker_process_init, worker_process_shutdown
from redis import Redis

from tools.clock import wall_time
from workers.carry import Outcome, carry_out
from workers.celery_app import app
from workers.desks import Desks
from workers.jobs import JOBS, PERIODIC
from workers.logs import log_to
from workers.planner import Call, Planner
from workers.preload import preload
from workers.queues import LATER, QUEUE_DESK, QUEUE_RUNS, URGENT, USUAL
from workers.settings import read_settings

SENT_AGAIN_SECONDS = 25
"""What is still to be done so long after it was begun is sent again; until then whoever took it is trusted."""
QUEUED_SECONDS = 60
"""A run or a proposal waits so long in the queue before it is sent again: a backlog must not feed itself."""
LIFE_SECONDS = 250
SEEN_EVERY_SECONDS = 10
SHORTEST_LIFE_SECONDS = 5.0
PATIENT = frozenset({"run_slot", "advance"})
"""What may be many, and keeps."""
PASSES = {
    **dict.fromkeys(PATIENT, USUAL),
    **dict.fromkeys(("learn", "score_outcomes", "daily_report"), LATER),
}

log: structlog.stdlib.BoundLogger = structlog.get_logger()


@cache
def _desks() -> Desks:
    """The desks of this process: made when first needed, which is after the fork."""
    return Desks(read_settings())


@cache
def _planner() -> Planner:
    return Planner(_desks())


@cache
def _redis() -> Any:
    url = read_settings().redis_url
    assert url is not None
    return Redis.from_url(url.get_secret_value(), socket_timeout=5.0)


@app.task(name="pm.plan")  # type: ignore[untyped-decorator]
def plan(what: str) -> None:
    """Read from the ledger what is to be done, and send a task for each portfolio or proposal."""
    planner = _planner()
    if what in PERIODIC:
        calls, patience = planner.periodic(what), PERIODIC[what]
    else:
        calls = planner.slots() if what == "slots" else planner.unfinished()
        patience = SENT_AGAIN_SECONDS
    for call in calls:
        send(call, patience)
    if what == "slots":
        _say_alive("beat", "beat")


def send(call: Call, patience: float = SENT_AGAIN_SECONDS) -> bool:
    """Put a job on the queue, unless it was within `patience` seconds; tell whether it was put there."""
    patient = call.kind in PATIENT
    trusted = QUEUED_SECONDS if patient else patience
    if not _redis().set(_key(call), 1, nx=True, px=_milliseconds(trusted)):
        return False
    app.send_task(
        f"pm.{call.kind}",
        args=[call.portfolio, call.argument, _now() if patient else 0.0],
        queue=QUEUE_RUNS if call.kind == "run_slot" else QUEUE_DESK,
        expires=LIFE_SECONDS if patient else max(patience, SHORTEST_LIFE_SECONDS),
        priority=PASSES.get(call.kind, URGENT),
    )
    return True


def _carry_out(call: Call, sent_at: float) -> str:
    """Do a job, unless it was done since its message was sent: then another message came first."""
    begun = _now() if sent_at else 0.0
    if sent_at and float(_redis().get(_begun(call)) or 0.0) > sent_at:
        return Outcome.OVER.value
    if sent_at:
        _redis().set(_key(call), 1, px=_milliseconds(SENT_AGAIN_SECONDS))
    outcome = carry_out(_desks(), *call)
    _say_alive(f"worker {os.uname().nodename}/{os.getppid()}", "worker")
    if outcome is not Outcome.BUSY:
        _redis().delete(_key(call))
    if sent_at and outcome is Outcome.DONE:
        _redis().set(_begun(call), begun, ex=LIFE_SECONDS)
    return outcome.value


def _task_of(kind: str) -> Callable[[str, str, float], str]:
    def carry(portfolio: str = "", argument: str = "", sent_at: float = 0.0) -> str:
        return _carry_out(Call(kind, portfolio, argument), sent_at)

    carry.__doc__ = JOBS[kind].__doc__
    return carry


for _kind in JOBS:
    app.task(name=f"pm.{_kind}")(_task_of(_kind))


def _key(call: Call) -> str:
    return f"pm:sent:{call.kind}:{call.portfolio}:{call.argument}"


def _begun(call: Call) -> str:
    return f"pm:begun:{call.kind}:{call.portfolio}:{call.argument}"


def _now() -> float:
    """Seconds by the clock of Redis, which all processes share."""
    seconds, microseconds = _redis().time()
    return float(seconds + microseconds / 1e6)


def _milliseconds(seconds: float) -> int:
    """A little less than what is asked for, so that the next round finds the way free."""
    return max(int(seconds * 900), 50)


def _say_alive(name: str, kind: str) -> None:
    """Leave a sign of life in the ledger, every ten seconds at most."""
    if _redis().set(f"pm:seen:{name}", 1, nx=True, ex=SEEN_EVERY_SECONDS):
        _desks().ledger.seen(name, kind, wall_time())


@worker_init.connect  # type: ignore[untyped-decorator]
def _before_the_forks(**_: object) -> None:
    preload(read_settings())


@worker_process_init.connect  # type: ignore[untyped-decorator]
def _after_the_fork(**_: object) -> None:
    settings = read_settings()
    log_to(settings.home_path, stdout=settings.log_stdout)


@worker_process_shutdown.connect  # type: ignore[untyped-decorator]
def _before_the_end(**_: object) -> None:
    if _desks.cache_info().currsize:
        _desks().close()
