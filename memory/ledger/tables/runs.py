"""Runs, what they were decided on, and what the analyst said."""

from datetime import date, datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from domain.records import RunStatus
from memory.ledger.tables.base import Row
from memory.ledger.types import json, one_of


class RunRow(Row, table=True):
    """One execution of decide; unique by portfolio and slot."""

    __tablename__ = "run"
    __table_args__ = (Index(None, "portfolio", "started_at"), Index(None, "portfolio", "session"))

    portfolio: str = Field(primary_key=True, foreign_key="portfolio.name")
    slot: str = Field(primary_key=True)
    session: date
    analyst: str
    status: RunStatus = one_of(RunStatus, "status")
    attempts: int
    snapshot_digest: str | None = None
    scan_digest: str | None = None
    assumptions: list[str] = json()
    undecided: dict[str, str] = json()
    problem: str = ""
    started_at: datetime
    finished_at: datetime | None = None


class SnapshotRow(Row, table=True):
    """Compressed JSON under its digest; no portfolio, because equal knowledge is stored once for all of them."""

    __tablename__ = "snapshot"

    digest: str = Field(primary_key=True)
    kind: str
    body: bytes


class ResearchNoteRow(Row, table=True):
    """The research of a run, or why there is none."""

    __tablename__ = "research_note"

    portfolio: str = Field(primary_key=True)
    slot: str = Field(primary_key=True)
    note: dict[str, object] | None = json(nullable=True)
    problem: str


class ThesisRow(Row, table=True):
    """The thesis of a run on one symbol, or why there is none."""

    __tablename__ = "thesis"

    portfolio: str = Field(primary_key=True)
    slot: str = Field(primary_key=True)
    symbol: str = Field(primary_key=True)
    thesis: dict[str, object] | None = json(nullable=True)
    problem: str


class ModelCallRow(Row, table=True):
    """One question put to a model, on which day (UTC, on the wall) and with which answer.

    `hold` tells apart the times that one question was paid for.
    """

    __tablename__ = "model_call"
    __table_args__ = (
        UniqueConstraint("portfolio", "slot", "node", "subject", "prompt_digest", "hold"),
        Index(None, "day"),
    )

    number: int | None = Field(default=None, primary_key=True)
    portfolio: str
    slot: str
    node: str
    subject: str
    prompt_digest: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float
    latency_seconds: float
    cached: bool
    error: str
    answer: str
    estimated: bool
    hold: int
    day: date
    at: datetime


class SpendHoldRow(Row, table=True):
    """What a call that is not stored yet may cost; it counts against the caps like a stored one."""

    __tablename__ = "spend_hold"
    __table_args__ = (Index(None, "day"),)

    number: int | None = Field(default=None, primary_key=True)
    portfolio: str
    slot: str
    day: date
    tokens: int
    cost_usd: float


class PolicyPinRow(Row, table=True):
    """Which policy is in force for a session, by the digest of its document."""

    __tablename__ = "policy_pin"

    portfolio: str = Field(primary_key=True, foreign_key="portfolio.name")
    session: date = Field(primary_key=True)
    digest: str
