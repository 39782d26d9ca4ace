"""What a monitoring system wants to know of the whole ledger, counted when it asks."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, func, select

from domain.jobs import Figure, JobStatus
from domain.orders import IntentState
from domain.records import ProposalStatus
from memory.ledger.part import Part
from memory.ledger.tables import (
    ControlRow,
    IntentRow,
    JobRow,
    ModelCallRow,
    OutboxRow,
    ProcessRow,
    ProposalRow,
    RunRow,
    VerdictRow,
)

NOT_FINAL = tuple(state for state in IntentState if not state.is_final)
UNSURE = (IntentState.UNKNOWN, IntentState.QUARANTINED)


class FiguresPart(Part):
    """Implements `domain.jobs.FigureStore`."""

    def figures(self, at: datetime) -> tuple[Figure, ...]:
        """Count runs, verdicts, orders, money, queues and signs of life as they stand; ages are measured at `at`."""
        with self._database.read() as session:
            return (*_counts(session), *_model(session), *_ages(session, at))


def _counts(session: Session) -> Iterator[Figure]:
    for portfolio, status, number in _grouped(session, RunRow.portfolio, RunRow.status):
        yield _figure("pm_runs_total", number, portfolio=portfolio, status=status)
    for portfolio, decision, number in _grouped(session, VerdictRow.portfolio, VerdictRow.decision):
        yield _figure("pm_verdicts_total", number, portfolio=portfolio, decision=decision)
    unsure = dict.fromkeys(session.exec(select(ControlRow.portfolio)), 0)
    open_orders = col(IntentRow.state).in_(NOT_FINAL)
    for portfolio, state, number in _grouped(session, IntentRow.portfolio, IntentRow.state, where=open_orders):
        yield _figure("pm_open_orders", number, portfolio=portfolio, state=state)
        unsure[portfolio] = unsure.get(portfolio, 0) + (number if state in UNSURE else 0)
    for portfolio, number in unsure.items():
        yield _figure("pm_unknown_outcomes", number, portfolio=portfolio)
    parked = col(JobRow.status) == JobStatus.PARKED
    for portfolio, kind, number in _grouped(session, JobRow.portfolio, JobRow.kind, where=parked):
        yield _figure("pm_jobs_parked", number, portfolio=portfolio, kind=kind)
    for row in session.exec(select(ControlRow)):
        yield _figure("pm_control_state", 1.0, portfolio=row.portfolio, state=row.state.value)


def _model(session: Session) -> Iterator[Figure]:
    paid = select(
        ModelCallRow.portfolio,
        func.count(),
        func.sum(ModelCallRow.cost_usd),
        func.sum(ModelCallRow.latency_seconds),
    ).where(col(ModelCallRow.cached).is_(False))
    for portfolio, calls, cost, seconds in session.exec(paid.group_by(ModelCallRow.portfolio)):
        yield _figure("pm_model_calls_total", calls, portfolio=portfolio)
        yield _figure("pm_model_cost_usd_total", cost or 0.0, portfolio=portfolio)
        yield _figure("pm_model_seconds_total", seconds or 0.0, portfolio=portfolio)


def _ages(session: Session, at: datetime) -> Iterator[Figure]:
    moving = select(ProposalRow.portfolio, func.count(), func.min(ProposalRow.created_at)).where(
        col(ProposalRow.remembered).is_(False), ProposalRow.status != ProposalStatus.AWAITING
    )
    for portfolio, number, oldest in session.exec(moving.group_by(ProposalRow.portfolio)):
        yield _figure("pm_unfinished_proposals", number, portfolio=portfolio)
        yield _figure("pm_unfinished_oldest_seconds", _age(at, oldest), portfolio=portfolio)
    waiting = select(OutboxRow.topic, func.count(), func.min(OutboxRow.created_at)).where(
        col(OutboxRow.due_at).is_not(None)
    )
    for topic, number, oldest in session.exec(waiting.group_by(OutboxRow.topic)):
        yield _figure("pm_outbox_waiting", number, topic=topic)
        yield _figure("pm_outbox_oldest_seconds", _age(at, oldest), topic=topic)
    for process in session.exec(select(ProcessRow)):
        yield _figure("pm_process_silent_seconds", _age(at, process.seen_at), kind=process.kind, process=process.name)
    rounds = select(JobRow).where(col(JobRow.session).is_(None), col(JobRow.finished_at).is_not(None))
    for job in session.exec(rounds):
        yield _figure("pm_round_age_seconds", _age(at, job.finished_at), portfolio=job.portfolio, job=job.name)


def _grouped(session: Session, portfolio: Any, by: Any, *, where: Any = None) -> list[tuple[str, Any, int]]:
    counted = select(portfolio, by, func.count()).group_by(portfolio, by).order_by(portfolio, by)
    return list(session.exec(counted if where is None else counted.where(where)))


def _figure(name: str, value: float, **labels: Any) -> Figure:
    return Figure(name=name, labels={key: str(label) for key, label in labels.items()}, value=float(value))


def _age(at: datetime, then: datetime | None) -> float:
    return max((at - then).total_seconds(), 0.0) if then is not None else 0.0
