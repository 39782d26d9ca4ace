"""Proposals, their verdicts, the answers to them and the room they take."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from domain.proposal import Origin
from domain.records import ProposalStatus
from domain.trade import ExitKind, Side
from domain.verdict import Decision, Phase
from memory.ledger.tables.base import Row
from memory.ledger.types import json, micro, one_of


class ProposalRow(Row, table=True):
    """A proposal; `symbol`, `side`, `price` and `reduces` repeat its trade, so that a book is read without JSON.

    `remembered` is true once it has its episode.
    """

    __tablename__ = "proposal"
    __table_args__ = (
        Index(None, "portfolio", "session"),
        Index(None, "portfolio", "status"),
        Index(None, "portfolio", "slot"),
        Index(None, "portfolio", "remembered"),
        Index(None, "portfolio", "created_at"),
    )

    id: str = Field(primary_key=True)
    portfolio: str = Field(foreign_key="portfolio.name")
    batch_id: str = Field(index=True)
    slot: str | None = None
    session: date
    rank: int
    version: int = 1
    origin: Origin = one_of(Origin, "origin")
    status: ProposalStatus = one_of(ProposalStatus, "status")
    symbol: str
    side: Side | None = one_of(Side, "side", nullable=True)
    price: float | None = None
    reduces: bool = False
    exit_kind: ExitKind | None = one_of(ExitKind, "exit_kind", nullable=True)
    control_epoch: int = 0
    proposal: dict[str, object] = json()
    payload_hash: str
    trade: dict[str, object] | None = json(nullable=True)
    facts: list[dict[str, object]] = json()
    quantity: Decimal = micro()
    filled_quantity: Decimal = micro()
    created_at: datetime
    expires_at: datetime | None = None
    attempts: int = 0
    problem: str = ""
    remembered: bool = False


class VerdictRow(Row, table=True):
    """A verdict, unique by proposal, version and phase; `body` holds all of it, rule results included."""

    __tablename__ = "verdict"

    proposal_id: str = Field(primary_key=True, foreign_key="proposal.id")
    version: int = Field(primary_key=True)
    phase: Phase = one_of(Phase, "phase", primary_key=True)
    portfolio: str
    decision: Decision = one_of(Decision, "decision")
    quantity: Decimal = micro()
    body: dict[str, object] = json()
    at: datetime


class ApprovalRow(Row, table=True):
    """The one answer to one version of a proposal."""

    __tablename__ = "approval"
    __table_args__ = (CheckConstraint("answer IN ('approve', 'reject', 'expire', 'supersede')", name="answer"),)

    proposal_id: str = Field(primary_key=True, foreign_key="proposal.id")
    version: int = Field(primary_key=True)
    portfolio: str
    answer: str
    by: str
    channel: str
    at: datetime
    payload_hash: str
    quantity: Decimal = micro()
    collar_low: float | None = None
    collar_high: float | None = None
    shown: dict[str, float | None] = json()
    reason: str
    hindsight: bool


class ReservationRow(Row, table=True):
    """Room that a live proposal takes until it becomes an intent or ends."""

    __tablename__ = "reservation"

    proposal_id: str = Field(primary_key=True, foreign_key="proposal.id")
    portfolio: str = Field(index=True)
    symbol: str
    side: Side = one_of(Side, "side")
    quantity: Decimal = micro()
    price: float
    stop_risk: float
    reduces: bool
