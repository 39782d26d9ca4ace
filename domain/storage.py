"""What the graph needs of storage: the ledger, and a portfolio's book inside its lock."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from domain.adjustment import AdjustmentStore
from domain.book import Book, ControlState
from domain.calibration import CalibrationStore
from domain.episodes import EpisodeStore
from domain.jobs import FigureStore, JobStore
from domain.judgement import Judgement
from domain.mandate import Mandate
from domain.orders import BrokerPosition
from domain.outbox import OutboxStore
from domain.people import PeopleStore
from domain.records import (
    Approval,
    AuditRow,
    Cause,
    Control,
    EquityPoint,
    Flow,
    FlowKind,
    Mismatch,
    ProposalRecord,
    ProposalStatus,
)
from domain.run_storage import RunStore
from domain.spending import SpendStore
from domain.trade import Trade
from domain.trade_storage import OrderStore, ProposalStore
from domain.verdict import Phase, RiskVerdict


class LockedBook(Protocol):
    """One portfolio inside its lock; what is written here commits together or not at all."""

    def proposal(self, proposal_id: str) -> ProposalRecord:
        """Read a proposal as it stands now."""
        ...

    def batch(self, batch_id: str) -> tuple[ProposalRecord, ...]:
        """Read all members of a batch, by rank."""
        ...

    def book(self, session: date, prices: Mapping[str, float], without: Collection[str] = ()) -> Book:
        """Read the book at `prices` (dollars), without what the proposals in `without` have reserved or recorded."""
        ...

    def verdict(self, proposal_id: str, version: int, phase: Phase) -> RiskVerdict | None:
        """Read a stored verdict."""
        ...

    def judged_at(self, proposal_id: str) -> datetime | None:
        """Tell when the newest verdict was given (market time); None where there is none."""
        ...

    def note_waiting(self, proposal_ids: Sequence[str], problem: str) -> None:
        """Write down, once, why proposals are not judged yet; the next verdict forgets it."""
        ...

    def approval(self, proposal_id: str, version: int) -> Approval | None:
        """Read the answer to a card."""
        ...

    def save_judgement(self, judgement: Judgement) -> str:
        """Store what verdicts are about to be made from; return its digest."""

    def record_verdict(self, verdict: RiskVerdict, trade: Trade, status: ProposalStatus, stop_risk: float) -> None:
        """Store a verdict, the trade as judged and the proposal's status; reserve its quantity, or release its room.

        Room is reserved for JUDGED, AWAITING and APPROVED, and released otherwise.
        """
        ...


class PortfolioStore(Protocol):
    """A portfolio's clock, book, control state and equity."""

    def open_portfolio(self, mandate: Mandate, session: date, at: datetime) -> None:
        """Create the portfolio with its starting cash as a deposit, unless it exists."""
        ...

    def session(self, portfolio: str) -> date | None:
        """Tell the portfolio's own clock: the session of its newest run or batch."""
        ...

    def enter_session(self, portfolio: str, session: date, at: datetime) -> None:
        """Move the portfolio's clock forward; expire what waits from earlier sessions.

        Raises:
            EarlierSession: `session` is before the portfolio's clock.
        """
        ...

    def locked_book(self, portfolio: str) -> AbstractContextManager[LockedBook]:
        """Enter the portfolio's lock and transaction."""
        ...

    def book(self, portfolio: str, session: date, prices: Mapping[str, float]) -> Book:
        """Read the book at `prices` without the lock, for display and for the analyst."""
        ...

    def control(self, portfolio: str) -> Control:
        """Read the control state."""
        ...

    def record_equity(
        self, portfolio: str, session: date, equity: float, at: datetime, previous: date | None = None
    ) -> None:
        """Store the equity at the open of `session`, once a session; moves unit value and highs.

        `previous` is the session before it: the last return is known when that one has a point too.
        """
        ...

    def equity_points(self, portfolio: str, limit: int = 2) -> tuple[EquityPoint, ...]:
        """List the points of the newest sessions, newest first."""
        ...


class ControlStore(Protocol):
    """What changes a portfolio's control state, its money from outside and its reference high."""

    def set_control(
        self,
        portfolio: str,
        state: ControlState,
        reason: str,
        by: str,
        at: datetime,
        expected_epoch: int | None = None,
        *,
        cause: Cause = Cause.PERSON,
        once: str | None = None,
        reference_high: float | None = None,
    ) -> Control:
        """Change the control state, its epoch and (on a resume) the reference high in one audited transaction.

        The same state for no stronger a cause changes nothing. `once` names an act of a breaker, which acts under
        that name a single time and never loosens.

        Raises:
            AlreadyDecided: `expected_epoch` has passed: somebody changed the state meanwhile.
        """
        ...

    def ask_resume(self, portfolio: str, by: str, wall: datetime, since: datetime) -> Control:
        """Write down that `by` wants to leave HALTED, asked at `wall`; a question not older than `since` stays."""
        ...

    def flow(
        self,
        portfolio: str,
        amount: Decimal,
        kind: FlowKind,
        session: date,
        at: datetime,
        key: str,
        *,
        prices: Mapping[str, float],
        by: str = "local",
    ) -> Flow:
        """Book a deposit or withdrawal of `amount` dollars (positive) at the unit value of `prices`; once a `key`.

        Raises:
            BadInput: not a positive amount, more than the free cash, or a key used for something else.
        """
        ...

    def flows(self, portfolio: str) -> tuple[Flow, ...]:
        """List flows, oldest first."""
        ...

    def set_reference_high(self, portfolio: str, level: float, by: str, reason: str) -> None:
        """Measure drawdown from `level` (a unit value) on, audited beside the all-time high, which stays.

        Raises:
            BadInput: `level` is no positive number.
        """
        ...

    def compare_with_broker(
        self, portfolio: str, cash: Decimal, positions: Sequence[BrokerPosition], at: datetime
    ) -> tuple[Mismatch, ...]:
        """Compare holdings and cash with the broker's; remember what differs, forget what no longer does.

        Symbols with an order of unknown outcome are left out: that order is counted already.
        """
        ...

    def mismatches(self, portfolio: str) -> tuple[Mismatch, ...]:
        """List the differences to the broker that were there at the last look, by symbol."""
        ...


class AuditStore(Protocol):
    """The chains of facts, each row standing on the one before."""

    def audit(
        self, chain: str, action: str, subject: str, detail: Mapping[str, str | int | float | bool | None], actor: str
    ) -> None:
        """Append one audit row."""
        ...

    def audit_rows(self, chain: str, after: int = 0) -> Iterator[AuditRow]:
        """Read a chain from its beginning, or from behind the row numbered `after`."""
        ...

    def verify_audit(self) -> dict[str, int]:
        """Recompute every chain; return its length; raises LedgerDamaged naming the first broken row."""
        ...


class Ledger(
    PortfolioStore,
    ControlStore,
    RunStore,
    SpendStore,
    ProposalStore,
    OrderStore,
    AdjustmentStore,
    CalibrationStore,
    EpisodeStore,
    AuditStore,
    OutboxStore,
    PeopleStore,
    JobStore,
    FigureStore,
    Protocol,
):
    """The truth: every method is one transaction, safe to repeat."""
