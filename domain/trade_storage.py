"""What the graph needs of storage for proposals, answers and orders."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Protocol

from domain.book import Position
from domain.orders import Fill, IntentState, Order, OrderIntent
from domain.proposal import Origin
from domain.records import (
    Approval,
    NewProposal,
    ProposalRecord,
    ProposalStatus,
)
from domain.verdict import RiskVerdict


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
        session: date | None = None,
        origin: Origin | None = None,
        statuses: Collection[ProposalStatus] | None = None,
        limit: int | None = None,
    ) -> tuple[ProposalRecord, ...]:
        """List proposals, oldest first, by batch and rank."""
        ...

    def batches(self, portfolio: str, session: date) -> int:
        """Count the batches of one session."""

    def unremembered(self, portfolio: str) -> tuple[ProposalRecord, ...]:
        """List proposals whose settling has not come to its end (no episode yet), oldest first."""

    def turned_down(self, portfolio: str, sessions: Sequence[date]) -> tuple[str, ...]:
        """List symbols, in order, whose entries an analyst proposed in one of `sessions` and nobody let through."""
        ...

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

    def commit_legs(self, intent: OrderIntent) -> OrderIntent:
        """Insert an intent that protects a holding, or read the one that exists; its proposal stays as it is."""
        ...

    def positions(self, portfolio: str) -> dict[str, Position]:
        """Map each symbol that is held to its position."""
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

    def bracketed(self, portfolio: str) -> tuple[OrderIntent, ...]:
        """List the entries with a stop in symbols that are held, oldest first: their legs may rest at the broker."""
        ...

    def book_legs(self, portfolio: str, fills: Sequence[Fill]) -> int:
        """Book executions of protective legs, once each; return how many were new."""
        ...

    def note_open_orders(self, portfolio: str, orders: Sequence[Order], at: datetime) -> int:
        """Remember which of the broker's open orders are not ours, and forget what it no longer lists; return how many.

        They count in the worst case of every book until the broker lists them no more.
        """
        ...

    def orders(self, portfolio: str, limit: int = 100) -> tuple[OrderIntent, ...]:
        """List intents, newest first."""
        ...

    def fills_of(self, proposal_id: str) -> tuple[Fill, ...]:
        """List what was traded for a proposal, oldest first."""
        ...
