"""What the desk does by itself: one row a job, with its attempts, so that every process knows what is done."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from domain.value import Value


class JobStatus(StrEnum):
    """Where a job stands."""

    OPEN = "open"
    DONE = "done"
    SKIPPED = "skipped"
    PARKED = "parked"

    @property
    def is_over(self) -> bool:
        """Whether nobody begins it any more."""
        return self is not JobStatus.OPEN


class Job(Value):
    """One thing to be done for a portfolio, or one that is done again and again.

    `attempts` counts those that were begun and not ended; `finished_at` is the last good end; times are on the wall.
    """

    portfolio: str
    name: str
    kind: str
    status: JobStatus = JobStatus.OPEN
    session: date | None = None
    attempts: int = 0
    problem: str = ""
    due_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None


class ProcessSeen(Value):
    """A process that says from time to time that it lives."""

    name: str
    kind: str
    started_at: datetime
    seen_at: datetime
    note: str = ""


class ReplayPosition(Value):
    """Where a replayed portfolio stands on its calendar: `now` in market time, `moved_at` on the wall."""

    portfolio: str
    now: datetime
    moved_at: datetime


class Figure(Value):
    """One number for a monitoring system; a name that ends in `_total` only grows."""

    name: str
    labels: dict[str, str]
    value: float


class FigureStore(Protocol):
    """What a monitoring system wants to know."""

    def figures(self, at: datetime) -> tuple[Figure, ...]:
        """Count runs, verdicts, orders, money, queues and signs of life as they stand; ages are measured at `at`."""
        ...


class JobStore(Protocol):
    """Jobs, the processes that do them, and the calendar time of replays."""

    def begin_job(self, job: Job, at: datetime, most_attempts: int) -> Job:
        """Count an attempt and return the row; one that is over stays as it is.

        After `most_attempts` that never ended the job is parked, with an audit row that people are told of.
        """
        ...

    def end_job(self, portfolio: str, name: str, at: datetime) -> None:
        """Write down a good end: the job is done."""
        ...

    def note_job(self, job: Job, at: datetime) -> None:
        """Write down a good end of a job that comes again and again, whether it has a row or not."""
        ...

    def drop_job(self, portfolio: str, name: str) -> None:
        """Forget a job that ended well and leaves its trace elsewhere."""
        ...

    def fail_job(self, portfolio: str, name: str, problem: str, *, counts: bool) -> None:
        """Write down why an attempt failed; one that was nobody's fault is taken back."""
        ...

    def skip_job(self, job: Job, why: str) -> bool:
        """Write down that a job's time has passed, in the audit chain too; tell whether that is new."""
        ...

    def retry_job(self, portfolio: str, name: str) -> Job:
        """Take a parked job up again; raises NotFound where none of that name is parked."""
        ...

    def jobs(self, portfolio: str, *, since: date | None = None) -> tuple[Job, ...]:
        """List the jobs of a portfolio, by name: those without a session, and those of sessions from `since` on."""
        ...

    def last_job(self, portfolio: str, kind: str) -> Job | None:
        """Find the newest done job of a kind, by session."""
        ...

    def put_on_schedule(self, portfolio: str, at: datetime) -> datetime:
        """Tell since when a portfolio runs by itself; `at`, where it begins to now."""
        ...

    def seen(self, name: str, kind: str, at: datetime, note: str = "") -> None:
        """Say that a process lives."""
        ...

    def processes(self, since: datetime) -> tuple[ProcessSeen, ...]:
        """List the processes that were seen at or after `since`, by name."""
        ...

    def replay_position(self, portfolio: str) -> ReplayPosition | None:
        """Tell where a replayed portfolio stands on its calendar."""
        ...

    def move_replay(self, position: ReplayPosition, before: datetime | None) -> bool:
        """Move it on, unless somebody else has moved it since it stood at `before`; tell whether it was moved."""
        ...

    def portfolios(self) -> tuple[str, ...]:
        """Name every portfolio that was ever opened."""
        ...

    def over(self, portfolio: str, since: date) -> frozenset[str]:
        """Name what is over: jobs without a session, jobs of sessions from `since` on, runs of these that are done."""
        ...

    def awaiting(self) -> frozenset[str]:
        """Name the portfolios in which a proposal waits for people."""
        ...

    def ordering(self) -> frozenset[str]:
        """Name the portfolios that have an order which is not final."""
        ...

    def unfinished(self, portfolio: str) -> Mapping[str, str]:
        """Map each proposal that has not come to its end to its status; no verdicts are read."""
        ...
