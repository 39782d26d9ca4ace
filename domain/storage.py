"""What the graph needs of storage: the ledger, and a portfolio's book inside its lock."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Protocol

from domain.book import Book
from domain.mandate import Mandate
from domain.market import MarketSnapshot
from domain.orders import Fill, IntentState, Order, OrderIntent
from domain.records import (
    Approval,
    AuditRow,
    Control,
    Episode,
    NewProposal,
    ProposalRecord,
    ProposalStatus,
    Run,
    RunStatus,
)
from domain.research import Answer, ModelCall, ResearchNote, Thesis
from domain.scan import Scan
from domain.trade import Trade
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

    def approval(self, proposal_id: str, version: int) -> Approval | None:
        """Read the answer to a card."""
        ...

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

    def record_equity(self, portfolio: str, session: date, equity: float, at: datetime) -> None:
        """Store the equity at the open of `session`, once a session; moves unit value and highs."""
        ...


class RunStore(Protocol):
    """Runs, and what they were decided on."""

    def begin_run(self, run: Run) -> Run:
        """Insert the run of (portfolio, slot), or read the one that exists; enters its session, counts the attempt.

        Raises:
            EarlierSession: the run's session is before the portfolio's clock.
        """
        ...

    def run(self, portfolio: str, slot: str) -> Run | None:
        """Read a run."""
        ...

    def runs(self, portfolio: str, limit: int = 20) -> tuple[Run, ...]:
        """List runs, newest first."""
        ...

    def note_inputs(self, portfolio: str, slot: str, snapshot_digest: str, scan_digest: str) -> None:
        """Write down what a run decided on."""
        ...

    def end_run(
        self, portfolio: str, slot: str, status: RunStatus, undecided: Mapping[str, str], problem: str, at: datetime
    ) -> None:
        """Close a run."""
        ...

    def save_snapshot(self, snapshot: MarketSnapshot) -> str:
        """Store a snapshot once under its digest; return the digest."""
        ...

    def snapshot(self, digest: str) -> MarketSnapshot:
        """Read a snapshot."""
        ...

    def save_scan(self, scan: Scan) -> str:
        """Store a scan once under its digest; return the digest."""
        ...

    def scan(self, digest: str) -> Scan:
        """Read a scan."""
        ...

    def save_note(self, portfolio: str, slot: str, answer: Answer[ResearchNote]) -> None:
        """Store the research of a run, and its calls."""
        ...

    def save_thesis(self, portfolio: str, slot: str, symbol: str, answer: Answer[Thesis]) -> None:
        """Store the thesis of one symbol (or why there is none), and its calls."""
        ...

    def save_calls(self, portfolio: str, slot: str, calls: Sequence[ModelCall]) -> None:
        """Store model calls; the same (slot, node, subject, prompt) is stored once."""
        ...

    def note(self, portfolio: str, slot: str) -> ResearchNote | None:
        """Read the research of a run."""
        ...

    def theses(self, portfolio: str, slot: str) -> tuple[Thesis, ...]:
        """Read the theses of a run, by symbol."""
        ...

    def calls(self, portfolio: str, slot: str) -> tuple[ModelCall, ...]:
        """Read the model calls of a run."""
        ...


class ProposalStore(Protocol):
    """Proposals, their verdicts and the answers to them."""

    def add_batch(
        self,
        portfolio: str,
        batch_id: str,
        slot: str | None,
        session: date,
        proposals: Sequence[NewProposal],
        at: datetime,
    ) -> tuple[ProposalRecord, ...]:
        """Insert a batch in one transaction, or read the one that exists. HOLD is done at once."""
        ...

    def proposal(self, proposal_id: str) -> ProposalRecord:
        """Read a proposal; raises NotFound."""
        ...

    def find_proposal(self, prefix: str, portfolio: str | None = None) -> ProposalRecord:
        """Find a proposal by a unique beginning of its id (`P-` in front is allowed); raises NotFound."""
        ...

    def proposals(
        self,
        portfolio: str,
        *,
        slot: str | None = None,
        batch_id: str | None = None,
        statuses: Collection[ProposalStatus] | None = None,
        limit: int | None = None,
    ) -> tuple[ProposalRecord, ...]:
        """List proposals, oldest first, by batch and rank."""
        ...

    def batches(self, portfolio: str, session: date) -> int:
        """Count the batches of one session."""

    def unremembered(self, portfolio: str) -> tuple[ProposalRecord, ...]:
        """List proposals whose settling has not come to its end (no episode yet), oldest first."""

    def verdicts(self, proposal_id: str) -> tuple[RiskVerdict, ...]:
        """List the verdicts of a proposal, oldest first."""
        ...

    def ask(self, proposal_id: str, version: int, expires_at: datetime, at: datetime) -> ProposalRecord:
        """Make a JUDGED proposal AWAITING until `expires_at`; a waiting one of the same symbol is superseded."""
        ...

    def decide(self, approval: Approval) -> ProposalRecord:
        """Answer a waiting proposal by one compare-and-swap on status, version and expiry.

        Raises:
            NotFound: no such proposal.
            AlreadyDecided: somebody answered first, it expired, or another version waits; says who and what.
        """
        ...

    def expire(self, portfolio: str, at: datetime) -> tuple[str, ...]:
        """Expire what has waited too long; return the ids. Expiry counts as no."""
        ...

    def approval(self, proposal_id: str, version: int) -> Approval | None:
        """Read the answer to a card."""
        ...

    def finish(self, proposal_id: str, status: ProposalStatus, problem: str, at: datetime) -> None:
        """Give a proposal its last status and release its room; a final status stays as it is."""
        ...


class OrderStore(Protocol):
    """Order intents, and what the broker says of them."""

    def commit_intent(self, intent: OrderIntent) -> OrderIntent:
        """Insert an intent and turn the proposal's reservation into it, or read the one that exists."""
        ...

    def intent(self, client_order_id: str) -> OrderIntent | None:
        """Read a committed intent through a connection of its own."""
        ...

    def intents(
        self, portfolio: str, *, open_only: bool = False, proposal_id: str | None = None
    ) -> tuple[OrderIntent, ...]:
        """List intents, oldest first."""
        ...

    def claim_intent(self, client_order_id: str, at: datetime) -> OrderIntent | None:
        """Mark an unfinished intent SUBMITTING, count the attempt; None when it is final or already at the broker."""
        ...

    def mark_intent(self, client_order_id: str, state: IntentState, problem: str, at: datetime) -> None:
        """Write down what became of a submission; a final state stays as it is."""
        ...

    def book_order(self, order: Order, fills: Sequence[Fill], at: datetime) -> OrderIntent:
        """Record what the broker says of an order, book new fills once each, finish intent and proposal when final."""
        ...

    def orders(self, portfolio: str, limit: int = 100) -> tuple[OrderIntent, ...]:
        """List intents, newest first."""
        ...


class EpisodeStore(Protocol):
    """What is kept for later judgement, and the audit chain."""

    def open_episode(self, episode: Episode) -> None:
        """Store an episode once."""
        ...

    def audit(
        self, chain: str, action: str, subject: str, detail: Mapping[str, str | int | float | bool | None], actor: str
    ) -> None:
        """Append one audit row."""
        ...

    def audit_rows(self, chain: str) -> Iterator[AuditRow]:
        """Read a chain from its beginning."""
        ...

    def verify_audit(self) -> dict[str, int]:
        """Recompute every chain; return its length; raises LedgerDamaged naming the first broken row."""
        ...


class Ledger(PortfolioStore, RunStore, ProposalStore, OrderStore, EpisodeStore, Protocol):
    """The truth: every method is one transaction, safe to repeat."""
