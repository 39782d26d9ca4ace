"""Messages to the outside."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field

from memory.ledger.tables.base import Row
from memory.ledger.types import json


class OutboxRow(Row, table=True):
    """A message; `due_at` is when it may be taken next, None once it was delivered or parked."""

    __tablename__ = "outbox"
    __table_args__ = (Index(None, "topic", "due_at"),)

    key: str = Field(primary_key=True)
    portfolio: str
    topic: str
    payload: dict[str, object] = json()
    attempts: int = 0
    created_at: datetime
    due_at: datetime | None = None
    done_at: datetime | None = None
    problem: str = ""
