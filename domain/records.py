"""What the ledger remembers of runs, proposals, approvals and episodes."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from pydantic import Field

from domain.book import ControlState
from domain.proposal import Origin, TradeProposal
from domain.scan import Fact
from domain.trade import ExitKind, Trade
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
    from outside a run. `rank` is its place within the batch, `control_epoch` the epoch its last verdict was given in,
    `exit_kind` what a monitor's exit acted on.
    """

    id: str
    portfolio: str
    batch_id: str
    slot: str | None
    session: date
    rank: int
    version: int = 1
    origin: Origin
    exit_kind: ExitKind | None = None
    proposal: TradeProposal
    payload_hash: str
    status: ProposalStatus
    control_epoch: int = 0
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
    exit_kind: ExitKind | None = None


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


class Cause(StrEnum):
    """Who or what set a control state; a later one is not displaced by an earlier one while the state is the same."""

    DAILY_LOSS = "daily_loss"
    HEARTBEAT = "heartbeat"
    PERSON = "person"
    DRAWDOWN = "drawdown"

    def yields_to(self, other: "Cause") -> bool:
        """Whether `other` is the stronger reason for the same state."""
        ranks = tuple(Cause)
        return ranks.index(self) < ranks.index(other)


class Control(Value):
    """The control state and its epoch; the epoch grows with every change.

    `session` is the one in which it was set (None before the first change). `resume_asked_at` is when a person first
    asked to leave HALTED (time on the wall), None when nobody has.
    """

    state: ControlState
    epoch: int
    reason: str = ""
    by: str = ""
    cause: Cause = Cause.PERSON
    session: date | None = None
    changed_at: datetime | None = None
    resume_asked_by: str = ""
    resume_asked_at: datetime | None = None


class BreakerLevels(Value):
    """Where the breakers act, as losses (fractions); None where policy has turned the rule off."""

    drawdown_reducing: float | None = None
    drawdown_halted: float | None = None
    daily_reducing: float | None = None
    daily_halted: float | None = None


class FlowKind(StrEnum):
    """Why money came or went, or the reference high was set anew."""

    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    RESET = "reset"


class Flow(Value):
    """Money from or to outside; `units` are the shares of the portfolio it bought or gave back. A reset moves none.

    Amount and units are positive for a deposit and negative for a withdrawal, in dollars and units.
    """

    portfolio: str
    number: int
    kind: FlowKind
    amount: Decimal
    units: Decimal
    session: date
    at: datetime
    key: str


class Mismatch(Value):
    """A difference to the broker: `book` and `broker` in units, or in dollars where `symbol` is `CASH`.

    `survived` is true once it was seen twice, far enough apart: from then on it blocks new exposure.
    """

    symbol: str
    book: Decimal
    broker: Decimal
    first_seen: datetime
    last_seen: datetime
    sightings: int
    survived: bool


class EquityPoint(Value):
    """What the portfolio was worth at the first look of a session; `unit_value` is net of flows."""

    session: date
    equity: Decimal
    unit_value: float


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
