"""Carry out one job: once at a time, its attempts counted in its row, its events bound to it, its failure told."""

import sqlite3
import time
from enum import StrEnum

import structlog

from domain.errors import Busy, DeskError, Transient
from domain.jobs import Job, JobStatus
from domain.schedule import SlotKind
from memory.postgres import DatabaseUnreachable
from tools.clock import wall_time
from workers import metrics
from workers.desks import Desks
from workers.jobs import JOBS, UNCOUNTED, job_name, session_of
from workers.tracing import span

MOST_ATTEMPTS = 10
"""A job that was begun so often and never ended is parked."""
ALERT_AFTER = 5
"""A job that is done again and again is told when it has failed so often in a row."""
NOTED_EVERY_SECONDS = 30.0
KINDS = {"equity_point": SlotKind.EQUITY, "daily_report": SlotKind.REPORT, "score_outcomes": SlotKind.OUTCOMES}

log: structlog.stdlib.BoundLogger = structlog.get_logger()
_noted: dict[tuple[str, str], float] = {}


class Outcome(StrEnum):
    """What became of a job."""

    DONE = "done"
    BUSY = "busy"
    OVER = "over"
    AGAIN = "again"
    FAILED = "failed"


def carry_out(desks: Desks, kind: str, portfolio: str = "", argument: str = "") -> Outcome:
    """Do one job of `JOBS`; never raises, because whoever calls has others to do.

    AGAIN: a database, a broker or a lock was not to be had, and the attempt does not count. FAILED: it counts.
    """
    owner = portfolio or _owner(desks, argument)
    bound = {"job": kind, "portfolio": owner} | _named(kind, argument)
    with structlog.contextvars.bound_contextvars(**bound), span(f"pm.{kind}", **bound):
        begun = time.perf_counter()
        try:
            outcome = _carry_out(desks, kind, owner, argument)
        except Exception as error:  # noqa: BLE001 - a job's failure is a row and an event, never the end of a worker
            outcome = _fail(desks, kind, owner, argument, error)
        metrics.job_ended(kind, outcome.value, time.perf_counter() - begun)
        return outcome


def _owner(desks: Desks, proposal_id: str) -> str:
    """Whose proposal this is; nobody's, where the ledger is away or knows none."""
    try:
        return desks.ledger.proposal(proposal_id).portfolio
    except Exception as error:  # noqa: BLE001 - told when the job itself fails for the same reason
        log.warning("owner_not_found", proposal=proposal_id, problem=str(error))
        return ""


def _carry_out(desks: Desks, kind: str, owner: str, argument: str) -> Outcome:
    function, name = JOBS[kind], job_name(kind, argument)
    try:
        with desks.storage.locks.hold(f"job:{owner}/{name}", wait_seconds=0.0):
            if kind not in UNCOUNTED and not _begin(desks, kind, owner, argument):
                return Outcome.OVER
            function(desks, owner, argument)
            _end(desks, kind, owner, argument)
    except Busy:
        return Outcome.BUSY
    return Outcome.DONE


def _begin(desks: Desks, kind: str, owner: str, argument: str) -> bool:
    job = Job(
        portfolio=owner,
        name=job_name(kind, argument),
        kind=_kind(kind, argument),
        session=None if kind == "advance" else session_of(argument),
    )
    begun = desks.ledger.begin_job(job, wall_time(), MOST_ATTEMPTS)
    if begun.status is JobStatus.PARKED:
        log.error("job_parked", problem=begun.problem)
    return not begun.status.is_over


def _kind(kind: str, argument: str) -> str:
    if kind == "run_slot":
        rebalances = argument.endswith(f".{SlotKind.REBALANCE.value}")
        return SlotKind.REBALANCE.value if rebalances else SlotKind.RESEARCH.value
    return KINDS[kind].value if kind in KINDS else kind


def _end(desks: Desks, kind: str, owner: str, argument: str) -> None:
    if kind == "advance":
        desks.ledger.drop_job(owner, job_name(kind, argument))
    elif kind not in UNCOUNTED:
        desks.ledger.end_job(owner, argument, wall_time())
    elif time.monotonic() - _noted.get((owner, kind), -NOTED_EVERY_SECONDS) >= NOTED_EVERY_SECONDS:
        desks.ledger.note_job(Job(portfolio=owner, name=kind, kind=kind), wall_time())
        _noted[owner, kind] = time.monotonic()


def _fail(desks: Desks, kind: str, owner: str, argument: str, error: Exception) -> Outcome:
    nobody = isinstance(error, (Transient, DatabaseUnreachable)) or _is_of_a_database(error)
    problem = str(error) if isinstance(error, DeskError) else f"{type(error).__name__}: {error}"
    log.warning("job_failed", problem=problem, counts=not nobody, exc_info=not isinstance(error, DeskError))
    try:
        if kind in UNCOUNTED:
            desks.ledger.begin_job(Job(portfolio=owner, name=kind, kind=kind), wall_time(), 10**6)
            _noted.pop((owner, kind), None)
            _tell_if_it_goes_on(desks, kind, owner, problem)
        desks.ledger.fail_job(owner, job_name(kind, argument), problem, counts=not nobody or kind in UNCOUNTED)
    except Exception as second:  # noqa: BLE001 - the database is away: the row keeps the attempt, the sweep comes back
        log.warning("job_failure_not_written", problem=str(second))
    return Outcome.AGAIN if nobody else Outcome.FAILED


def _tell_if_it_goes_on(desks: Desks, kind: str, owner: str, problem: str) -> None:
    row = next((job for job in desks.ledger.jobs(owner) if job.name == kind), None)
    if row is not None and row.attempts == ALERT_AFTER:
        desks.ledger.audit(owner, "job_failing", kind, {"problem": problem[:300]}, "schedule")


def _is_of_a_database(error: BaseException) -> bool:
    return isinstance(error, sqlite3.OperationalError) or type(error).__module__.startswith("psycopg")


def _named(kind: str, argument: str) -> dict[str, str]:
    if not argument:
        return {}
    return {"proposal": argument} if kind == "advance" else {"slot": argument}
