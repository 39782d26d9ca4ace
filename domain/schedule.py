"""When a portfolio is due for what: pure functions of its mandate, the exchange's calendar and what was done before."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Protocol
from zoneinfo import ZoneInfo

from domain.mandate import Mandate
from domain.rebalancing import Weather, rebalance_reason
from domain.value import Value

NEW_YORK = ZoneInfo("America/New_York")
LOOK_BACK_DAYS = 5
"""Slots that were missed longer ago than this many calendar days are not told any more."""
EQUITY_AFTER = timedelta(minutes=5)
REPORT_AFTER = timedelta(minutes=30)
OUTCOMES_AFTER = timedelta(hours=3)
LAST_MINUTES = timedelta(minutes=10)
"""Nothing is decided in the last minutes before the close, half-days included."""
FARTHEST_DAYS = 15
"""Sessions are never farther apart than this."""


class Calendar(Protocol):
    """The exchange's sessions; half-days close early."""

    def is_session(self, day: date) -> bool:
        """Whether the exchange opens that day."""
        ...

    def opens(self, session: date) -> datetime:
        """When a session opens (aware, UTC)."""
        ...

    def closes(self, session: date) -> datetime:
        """When a session closes (aware, UTC)."""
        ...


class SlotKind(StrEnum):
    """What is due."""

    RESEARCH = "research"
    REBALANCE = "rebalance"
    EQUITY = "equity"
    REPORT = "report"
    OUTCOMES = "outcomes"

    @property
    def decides(self) -> bool:
        """Whether it is a run of the decide graph."""
        return self in {SlotKind.RESEARCH, SlotKind.REBALANCE}


class Slot(Value):
    """One thing that is due once: `name` is unique within the portfolio; after `deadline` it is skipped and told."""

    name: str
    kind: SlotKind
    session: date
    due_at: datetime
    deadline: datetime
    reason: str = ""

    def is_late(self, now: datetime) -> bool:
        """Whether it is too late for it."""
        return now > self.deadline


class History(Value):
    """What was there before: names of slots that are over (run, skipped, parked), and the last rebalancing.

    `since` is when the portfolio was first put on its schedule: nothing before it was ever due.
    """

    over: frozenset[str] = frozenset()
    since: datetime | None = None
    last_rebalance: date | None = None
    weather: Weather = Weather()


def due(mandate: Mandate, calendar: Calendar, now: datetime, history: History) -> tuple[Slot, ...]:
    """List what should have begun by `now` (aware) and is not over, oldest first; the late ones are among them.

    Nothing before the mandate's `start` is due.
    """
    return tuple(slot for slot in _around(mandate, calendar, now, history) if slot.due_at <= now)


def upcoming(mandate: Mandate, calendar: Calendar, now: datetime, history: History) -> Slot | None:
    """Find the next slot after `now`; None where the calendar has no session within two weeks."""
    today = now.astimezone(NEW_YORK).date()
    for ahead in range(FARTHEST_DAYS):
        day = today + timedelta(days=ahead)
        for slot in slots_of(mandate, calendar, day, history):
            if slot.due_at > now and slot.name not in history.over:
                return slot
    return None


def slots_of(mandate: Mandate, calendar: Calendar, day: date, history: History) -> tuple[Slot, ...]:
    """List everything that is due in a session, in order; nothing on a day that is none."""
    if day < mandate.start or not calendar.is_session(day):
        return ()
    return tuple(sorted(_slots(mandate, calendar, day, history), key=lambda slot: (slot.due_at, slot.name)))


def research_name(day: date, at: time, daily: time) -> str:
    """Name a research slot: the daily one like its session, so that `pm run` and the schedule share it."""
    return day.isoformat() if at == daily else f"{day.isoformat()}T{at:%H:%M}"


def is_rebalance(slot: str) -> bool:
    """Whether a slot's name is that of a rebalancing: every holding is looked at anew."""
    return slot.endswith(f".{SlotKind.REBALANCE.value}")


def _around(mandate: Mandate, calendar: Calendar, now: datetime, history: History) -> Iterator[Slot]:
    today = now.astimezone(NEW_YORK).date()
    for back in range(LOOK_BACK_DAYS, -1, -1):
        for slot in slots_of(mandate, calendar, today - timedelta(days=back), history):
            # Yesterday's rebalancing is not asked for in today's weather: today has one of its own.
            stale = back > 0 and slot.kind is SlotKind.REBALANCE
            never = history.since is not None and slot.due_at < history.since and slot.deadline < now
            if slot.name not in history.over and not stale and not never:
                yield slot


def _slots(mandate: Mandate, calendar: Calendar, day: date, history: History) -> Iterator[Slot]:
    schedule, opens, closes = mandate.schedule, calendar.opens(day), calendar.closes(day)
    last = closes - LAST_MINUTES
    patience = timedelta(minutes=schedule.deadline_minutes)
    for at in sorted({schedule.decide, *(at for cron in schedule.crons for at in cron.times(day))}):
        begins = _moment(day, at)
        if begins < last:
            name = research_name(day, at, schedule.decide)
            yield Slot(
                name=name,
                kind=SlotKind.RESEARCH,
                session=day,
                due_at=begins,
                deadline=min(max(begins, opens) + patience, last),
            )
    yield from _rebalance(mandate, calendar, day, history, last)
    for kind, begins in (
        (SlotKind.EQUITY, opens + EQUITY_AFTER),
        (SlotKind.REPORT, closes + REPORT_AFTER),
        (SlotKind.OUTCOMES, closes + OUTCOMES_AFTER),
    ):
        until = closes if kind is SlotKind.EQUITY else begins + timedelta(hours=12)
        yield Slot(name=f"{day.isoformat()}.{kind.value}", kind=kind, session=day, due_at=begins, deadline=until)


def _rebalance(mandate: Mandate, calendar: Calendar, day: date, history: History, last: datetime) -> Iterator[Slot]:
    schedule = mandate.schedule
    name, begins = f"{day.isoformat()}.{SlotKind.REBALANCE.value}", _moment(day, schedule.rebalance_at)
    passed = _sessions_between(calendar, history.last_rebalance or mandate.start, day)
    reason = rebalance_reason(schedule.rebalance, passed, history.weather)
    if reason and begins < last and day != history.last_rebalance:
        patience = timedelta(minutes=schedule.deadline_minutes)
        yield Slot(
            name=name,
            kind=SlotKind.REBALANCE,
            session=day,
            due_at=begins,
            deadline=min(begins + patience, last),
            reason=reason,
        )


def _sessions_between(calendar: Calendar, earlier: date, day: date) -> int:
    """Count the sessions after `earlier`, up to and with `day`; at most a quarter of a year is counted."""
    days = min((day - earlier).days, 92)
    return sum(calendar.is_session(day - timedelta(days=back)) for back in range(max(days, 0)))


def _moment(day: date, at: time) -> datetime:
    return datetime.combine(day, at, NEW_YORK).astimezone(UTC)
