"""Celery tasks: each carries a portfolio and a name, looks at the rows, and may come twice or never."""

import os
from collections.abc import Callable
from functools import cache
from typing import Any

import structlog
from celery.signals import worker_process_init, worker_process_shutdown
from redis import Redis

from tools.clock import wall_time
from workers.carry import Outcome, carry_out
from workers.celery_app import QUEUE_DESK, QUEUE_RUNS, app
from workers.desks import Desks
from workers.jobs import JOBS, PERIODIC
from workers.logs import log_to
from workers.planner import Call, Planner
from workers.settings import read_settings

SENT_AGAIN_SECONDS = 25
"""What is still to be done after this long is sent again; until then the first message is trusted."""
SEEN_EVERY_SECONDS = 10
SHORTEST_LIFE_SECONDS = 5.0

log: structlog.stdlib.BoundLogger = structlog.get_logger()


@cache
def _desks() -> Desks:
    """The desks of this process: made when first needed, which is after the fork."""
    return Desks(read_settings())


@cache
def _redis() -> Any:
    url = read_settings().redis_url
    assert url is not None
    return Redis.from_url(url.get_secret_value(), socket_timeout=5.0)


@app.task(name="pm.plan")  # type: ignore[untyped-decorator]
def plan(what: str) -> None:
    """Read from the ledger what is to be done, and send a task for each portfolio or proposal."""
    desks = _desks()
    planner = Planner(desks)
    if what in PERIODIC:
        calls, patience = planner.everyone(what), PERIODIC[what]
    else:
        calls = planner.slots() if what == "slots" else planner.unfinished()
        patience = SENT_AGAIN_SECONDS
    for call in calls:
        send(call, patience)
    if what == "slots":
        _say_alive("beat", "beat")


def send(call: Call, patience: float = SENT_AGAIN_SECONDS) -> bool:
    """Put a job on the queue, unless it was within `patience` seconds; tell whether it was put there."""
    if not _redis().set(_key(call), 1, nx=True, px=max(int(patience * 900), 50)):
        return False
    queue = QUEUE_RUNS if call.kind == "run_slot" else QUEUE_DESK
    life = 10 * SENT_AGAIN_SECONDS if call.kind in {"run_slot", "advance"} else max(patience, SHORTEST_LIFE_SECONDS)
    app.send_task(f"pm.{call.kind}", args=[call.portfolio, call.argument], queue=queue, expires=life)
    return True


def _carry_out(kind: str, portfolio: str = "", argument: str = "") -> str:
    desks = _desks()
    outcome = carry_out(desks, kind, portfolio, argument)
    _say_alive(f"worker {os.uname().nodename}/{os.getppid()}", "worker")
    if outcome is not Outcome.BUSY:
        _redis().delete(_key(Call(kind, portfolio, argument)))
    return outcome.value


def _task_of(kind: str) -> Callable[[str, str], str]:
    def carry(portfolio: str = "", argument: str = "") -> str:
        return _carry_out(kind, portfolio, argument)

    carry.__doc__ = JOBS[kind].__doc__
    return carry


for _kind in JOBS:
    app.task(name=f"pm.{_kind}")(_task_of(_kind))


def _key(call: Call) -> str:
    return f"pm:sent:{call.kind}:{call.portfolio}:{call.argument}"


def _say_alive(name: str, kind: str) -> None:
    """Leave a sign of life in the ledger, every ten seconds at most."""
    if _redis().set(f"pm:seen:{name}", 1, nx=True, ex=SEEN_EVERY_SECONDS):
        _desks().ledger.seen(name, kind, wall_time())


@worker_process_init.connect  # type: ignore[untyped-decorator]
def _after_the_fork(**_: object) -> None:
    settings = read_settings()
    log_to(settings.home_path, stdout=settings.log_stdout)


@worker_process_shutdown.connect  # type: ignore[untyped-decorator]
def _before_the_end(**_: object) -> None:
    if _desks.cache_info().currsize:
        _desks().close()
