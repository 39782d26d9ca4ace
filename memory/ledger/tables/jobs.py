"""What the desk does by itself, who does it, and where replays stand on the calendar."""

from datetime import date, datetime

from sqlalchemy import Index
from sqlmodel import Field

from domain.jobs import JobStatus
from memory.ledger.tables.base import Row
from memory.ledger.types import one_of


class JobRow(Row, table=True):
    """One job; its fields are those of `Job`."""

    __tablename__ = "job"
    __table_args__ = (Index(None, "portfolio", "session"), Index(None, "portfolio", "kind"))

    portfolio: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    kind: str
    status: JobStatus = one_of(JobStatus, "status")
    session: date | None = None
    attempts: int = 0
    problem: str = ""
    due_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None


class ProcessRow(Row, table=True):
    """A process that lives, or did."""

    __tablename__ = "process"

    name: str = Field(primary_key=True)
    kind: str
    started_at: datetime
    seen_at: datetime
    note: str = ""


class ReplayPositionRow(Row, table=True):
    """Where a replayed portfolio stands on its calendar."""

    __tablename__ = "replay_position"

    portfolio: str = Field(primary_key=True)
    now: datetime
    moved_at: datetime
