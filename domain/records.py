"""What the ledger remembers of runs, proposals, approvals and episodes."""

from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field

from domain.book import ControlState
from domain.proposal import Origin, TradeProposal
from domain.scan import Fact
from domain.trade import Trade
from domain.value import Value
from domain.verdict import RiskVerdict


class RunStatus(StrEnum):
    """Where a run stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Run(Value):
    """One execution of decide for a portfolio and a slot."""

    portfolio: str
    slot: str
    session: date
    analyst: str
    status: RunStatus = RunStatus.RUNNING
    attempts: int = 0
    snapshot_digest: str | None = None
    scan_digest: str | None = None
    assumptions: tuple[str, ...] = ()
    undecided: dict[str, str] = Field(default_factory=dict)
    problem: str = ""
    started_at: datetime
    finished_at: datetime | None = None


class ProposalStatus(StrEnum):
    """Where a proposal stands."""

    SCHEDULED = "scheduled"
    JUDGED = "judged"
    AWAITING = "awaiting"
    APPROVED = "approved"
    EXECUTING = "executing"
    DONE = "done"
    REJECTED = "rejected"
    DECLINED = "declined"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    QUARANTINED = "quarantined"

    @property
    def is_final(self) -> bool:
        """Whether nothing more can come of it."""
        return self in {
            ProposalStatus.DONE,
            ProposalStatus.REJECTED,
            ProposalStatus.DECLINED,
            ProposalStatus.EXPIRED,
            ProposalStatus.SUPERSEDED,
        }


class ProposalRecord(Value):
    """A proposal as the ledger has it.

    `trade` is the sized proposal (None for HOLD); `quantity` what the last verdict allows; `slot` is None when it came
    from outside a run. `rank` is its place within the batch.
    """

    id: str
    portfolio: str
    batch_id: str
    slot: str | None
    session: date
    rank: int
    version: int = 1
    origin: Origin
    proposal: TradeProposal
    payload_hash: str
    status: ProposalStatus
    trade: Trade | None = None
    facts: tuple[Fact, ...] = ()
    verdict: RiskVerdict | None = None
    first_verdict: RiskVerdict | None = None
    quantity: float = 0.0
    filled_quantity: float = 0.0
    created_at: datetime
    expires_at: datetime | None = None
    attempts: int = 0
    problem: str = ""


class NewProposal(Value):
    """A proposal on its way into the ledger."""

    id: str
    origin: Origin
    proposal: TradeProposal
    trade: Trade | None
    facts: tuple[Fact, ...] = ()


class Approval(Value):
    """A person's (or the clock's) answer, bound to proposal, version, payload, quantity and prices shown.

    `quantity` is what the person allows, `shown` the observed values of the rules that were on the card.
    `hindsight` is true for answers given in replay.
    """

    proposal_id: str
    version: int
    answer: Literal["approve", "reject", "expire", "supersede"]
    by: str
    channel: str
    at: datetime
    payload_hash: str
    quantity: float = Field(ge=0.0)
    collar_low: float | None = None
    collar_high: float | None = None
    shown: dict[str, float | None] = Field(default_factory=dict)
    reason: str = ""
    hindsight: bool = False


class Control(Value):
    """The control state and its epoch; the epoch grows with every change."""

    state: ControlState
    epoch: int
    reason: str = ""


class Episode(Value):
    """One proposal from evidence to outcome."""

    proposal_id: str
    portfolio: str
    symbol: str
    session: date
    origin: Origin
    decision: str
    status: ProposalStatus
    confidence: float
    asked_quantity: float
    quantity: float
    filled_quantity: float
    breached: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    opened_at: datetime


class AuditRow(Value):
    """One link of the audit chain: `hash` covers the fact and `previous_hash`."""

    chain: str
    sequence: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, str | int | float | bool | None] = Field(default_factory=dict)
    previous_hash: str
    hash: str
