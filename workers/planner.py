"""What is to be done now: read from mandates, calendar and ledger alone, by whichever process asks."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import structlog

from domain.errors import DeskError, NoData
from domain.jobs import Job, JobStatus, ReplayPosition
from domain.mandate import Mandate
from domain.records import ProposalStatus, RunStatus
from domain.schedule import History, Slot, SlotKind, due, upcoming
from domain.storage import Ledger
from tools.clock import wall_time
from workers.calendars import FeedCalendar
from workers.desks import Desks
from workers.jobs import job_name
from workers.settling import ADVANCE, COMMAND
from workers.weather import weather_of

LOOKED_BACK = timedelta(days=10)
RUNS_READ = 40
LOOKS_AGAIN = timedelta(seconds=60)
"""A portfolio for which nothing is due is looked at again after this long, or when its next slot comes."""
DOES = {
    SlotKind.RESEARCH: "run_slot",
    SlotKind.REBALANCE: "run_slot",
    SlotKind.EQUITY: "equity_point",
    SlotKind.REPORT: "daily_report",
    SlotKind.OUTCOMES: "score_outcomes",
}
SOMETHING_THERE: Final[dict[str, Callable[[Ledger], frozenset[str]]]] = {
    "expire": lambda ledger: ledger.awaiting(),
    "follow_orders": lambda ledger: ledger.ordering(),
}
"""Periodic jobs that have nothing to do in most portfolios, and how to find the others."""
WAITS_FOR_PEOPLE = ProposalStatus.AWAITING.value

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class Call(NamedTuple):
    """One job to be carried out."""

    kind: str
    portfolio: str
    argument: str = ""


class Planner:
    """Plans for all portfolios of a process; every answer may be given twice, by any number of planners."""

    def __init__(self, desks: Desks) -> None:
        self._desks = desks
        self._calendar = FeedCalendar(desks.feed)
        self._quiet: dict[str, datetime] = {}

    def slots(self) -> list[Call]:
        """What schedules and people call for: slots that are due, requests; what is too late is skipped and told."""
        asked = self._desks.ledger.outbox_waiting([ADVANCE, COMMAND])
        calls = self.everyone("requests") if asked else []
        for portfolio in self._desks.portfolios:
            with _told(portfolio):
                calls += self._slots(portfolio)
        return calls

    def unfinished(self) -> list[Call]:
        """What was begun and can go on: proposals that wait for nobody, runs that were killed."""
        calls: list[Call] = []
        for portfolio in self._desks.portfolios:
            with _told(portfolio):
                calls += self._unfinished(self._desks.mandate(portfolio).name)
        return calls

    def everyone(self, kind: str) -> list[Call]:
        """One job for each portfolio."""
        return [Call(kind, portfolio) for portfolio in self._desks.portfolios]

    def periodic(self, kind: str) -> list[Call]:
        """One job for each portfolio that it may find something to do in."""
        if kind == "watch_exits" and self._desks.feed.replayed:
            return []
        calls = self.everyone(kind)
        if kind in SOMETHING_THERE:
            there = SOMETHING_THERE[kind](self._desks.ledger)
            calls = [call for call in calls if call.portfolio in there]
        return calls

    def next_slot(self, portfolio: str) -> Slot | None:
        """Find what a portfolio is due for next; None at the end of a replay."""
        mandate = self._desks.mandate(portfolio)
        clock = self._desks.clock(mandate)
        if not clock.replay:
            return upcoming(mandate, self._calendar, clock.now(), self._history(mandate, clock.now()))
        position = self._desks.ledger.replay_position(mandate.name)
        now = position.now if position else self._eve(mandate)
        return self._ahead(mandate, now, self._history(mandate, now))

    def _slots(self, portfolio: str) -> list[Call]:
        wall = wall_time()
        if wall < self._quiet.get(portfolio, wall):
            return []
        mandate = self._desks.mandate(portfolio)
        clock = self._desks.clock(mandate)
        if clock.replay:
            now, ahead, history = self._replayed(mandate)
        else:
            now = clock.now()
            history = self._history(mandate, now)
            ahead = upcoming(mandate, self._calendar, now, history)
        slots = list(self._due(mandate, now, history))
        if not slots and (ahead is None or not clock.replay) and self._desks.settings.clock == "system":
            # Nothing comes of asking before then, unless somebody changes the mandate; other clocks may jump.
            pause = min(LOOKS_AGAIN, ahead.due_at - now) if ahead else LOOKS_AGAIN
            self._quiet[portfolio] = wall + pause
        return [Call(DOES[slot.kind], mandate.name, slot.name) for slot in slots]

    def _unfinished(self, name: str) -> Iterator[Call]:
        parked = {job.name for job in self._desks.ledger.jobs(name) if job.status is JobStatus.PARKED}
        for run in self._desks.ledger.runs(name, limit=RUNS_READ):
            if run.status is RunStatus.RUNNING and run.slot not in parked:
                yield Call("run_slot", name, run.slot)
        for proposal_id, status in self._desks.ledger.unfinished(name).items():
            if status != WAITS_FOR_PEOPLE and job_name("advance", proposal_id) not in parked:
                yield Call("advance", name, proposal_id)

    def _due(self, mandate: Mandate, now: datetime, history: History) -> Iterator[Slot]:
        for slot in due(mandate, self._calendar, now, history):
            if self._desks.settings.replay_until and slot.session > self._desks.settings.replay_until:
                continue
            if slot.is_late(now):
                why = f"it was due at {slot.due_at:%Y-%m-%d %H:%M} UTC and nobody began it by {slot.deadline:%H:%M}"
                job = Job(portfolio=mandate.name, name=slot.name, kind=slot.kind.value, session=slot.session)
                if self._desks.ledger.skip_job(job.model_copy(update={"due_at": slot.due_at}), why):
                    log.warning("slot_missed", portfolio=mandate.name, slot=slot.name, problem=why)
            else:
                yield slot

    def _history(self, mandate: Mandate, now: datetime) -> History:
        ledger, name = self._desks.ledger, mandate.name
        last = ledger.last_job(name, SlotKind.REBALANCE.value)
        return History(
            over=ledger.over(name, (now - LOOKED_BACK).date()),
            since=ledger.put_on_schedule(name, now),
            last_rebalance=last.session if last else None,
            weather=weather_of(ledger, mandate),
        )

    def _replayed(self, mandate: Mandate) -> tuple[datetime, Slot | None, History]:
        """Where a replay stands, what comes then, and before; it moves on when all that was due is over and settled.

        Between two sessions at least PM_REPLAY_PACE_SECONDS pass on the wall, so that a person can follow, and answer.
        """
        ledger, name, wall = self._desks.ledger, mandate.name, wall_time()
        position = ledger.replay_position(name)
        if position is None:
            position = ReplayPosition(portfolio=name, now=self._eve(mandate), moved_at=wall)
            ledger.move_replay(position, None)
        history = self._history(mandate, position.now)
        ahead = self._ahead(mandate, position.now, history)
        stays = position.now, ahead, history
        if ahead is None or any(self._due(mandate, position.now, history)) or any(self._unfinished(name)):
            return stays
        waited = (wall - position.moved_at).total_seconds()
        new_session = ahead.session != position.now.date()
        if new_session and waited < self._desks.settings.replay_pace_seconds:
            return stays
        moved = ReplayPosition(portfolio=name, now=ahead.due_at, moved_at=wall)
        return (ahead.due_at, ahead, history) if ledger.move_replay(moved, position.now) else stays

    def _ahead(self, mandate: Mandate, now: datetime, history: History) -> Slot | None:
        ahead = upcoming(mandate, self._calendar, now, history)
        until = self._desks.settings.replay_until
        return None if ahead is None or (until is not None and ahead.session > until) else ahead

    def _eve(self, mandate: Mandate) -> datetime:
        """The moment before a replay's first slot: the day it starts, or the one after its own clock."""
        here = self._desks.ledger.session(mandate.name)
        try:
            first = self._calendar.opens(mandate.start if here is None else here)
        except NoData:
            first = self._calendar.opens(self._calendar.next_session(mandate.start))
        return first - timedelta(hours=12)


class _told:  # noqa: N801 - reads as a statement: with _told(portfolio)
    """Let the mistake of one portfolio be that portfolio's only."""

    def __init__(self, portfolio: str) -> None:
        self._portfolio = portfolio

    def __enter__(self) -> None:
        """Nothing to do."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        """Tell what a person has to mend."""
        if not isinstance(error, DeskError):
            return False
        log.warning("portfolio_not_planned", portfolio=self._portfolio, problem=str(error))
        return True
