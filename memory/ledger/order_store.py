"""Order intents: committed once, claimed by one sender at a time, moved by what the broker says."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from domain.book import Position
from domain.errors import AlreadyDecided, BadInput, NotFound
from domain.orders import Fill, IntentState, Order, OrderIntent
from domain.records import ProposalStatus
from memory.ledger.accounts import release
from memory.ledger.book import read_positions
from memory.ledger.booking import Booking, end_proposal
from memory.ledger.held import hold
from memory.ledger.part import Part
from memory.ledger.prepared import Prepared
from memory.ledger.proposal_rows import hold_proposal
from memory.ledger.sql import add_once, by_key, run, table_of
from memory.ledger.tables import FillRow, IntentRow, PositionRow

INTENTS = table_of(IntentRow)
MAY_TRADE = frozenset({ProposalStatus.JUDGED, ProposalStatus.APPROVED, ProposalStatus.EXECUTING})
MAY_BE_SENT = (IntentState.PENDING, IntentState.SUBMITTING, IntentState.UNKNOWN)
CLAIM = Prepared(
    sa.update(INTENTS)
    .where(INTENTS.c.client_order_id == sa.bindparam("of"), INTENTS.c.state.in_(MAY_BE_SENT))
    .values(state=IntentState.SUBMITTING, attempt=INTENTS.c.attempt + 1)
    .returning(INTENTS.c.client_order_id)
)
AT_THE_BROKER = frozenset({IntentState.OPEN, IntentState.PARTIAL})


class OrderPart(Part):
    """Implements `domain.storage.OrderStore`."""

    def commit_intent(self, intent: OrderIntent) -> OrderIntent:
        """Insert an intent and turn the proposal's reservation into it, or read the one that exists.

        Raises:
            AlreadyDecided: the proposal has ended, or nobody has said yes to it.
        """
        with self._database.write(intent.portfolio) as db:
            stored = by_key(db, IntentRow, intent.client_order_id)
            if stored is not None:
                return _to_intent(stored)
            proposal = hold_proposal(db, intent.proposal_id)
            if proposal.status not in MAY_TRADE:
                raise AlreadyDecided(f"P-{proposal.id} is {proposal.status.value} and can't become an order")
            add_once(db, IntentRow, **intent.model_dump())
            proposal.status = ProposalStatus.EXECUTING
            release(db, proposal.id)
            detail = {"client_order_id": intent.client_order_id, "quantity": str(intent.quantity)}
            self._note(db, intent.portfolio, "intent_committed", f"P-{proposal.id}", detail)
            return _to_intent(by_key(db, IntentRow, intent.client_order_id))

    def commit_legs(self, intent: OrderIntent) -> OrderIntent:
        """Insert an intent that protects a holding, or read the one that exists; its proposal stays as it is.

        Raises:
            BadInput: the intent is a trade of its own.
        """
        if not intent.protects:
            raise BadInput(f"{intent.client_order_id} is no protective leg", "commit it as the order it is")
        with self._database.write(intent.portfolio) as db:
            stored = by_key(db, IntentRow, intent.client_order_id)
            if stored is not None:
                return _to_intent(stored)
            add_once(db, IntentRow, **intent.model_dump())
            detail = {"client_order_id": intent.client_order_id, "quantity": str(intent.quantity)}
            self._note(db, intent.portfolio, "legs_committed", f"P-{intent.proposal_id}", detail)
            return _to_intent(by_key(db, IntentRow, intent.client_order_id))

    def positions(self, portfolio: str) -> dict[str, Position]:
        """Map each symbol that is held to its position."""
        with self._database.read() as db:
            return read_positions(db, portfolio)

    def intent(self, client_order_id: str) -> OrderIntent | None:
        """Read a committed intent through a connection of its own."""
        with self._database.read() as db:
            row = by_key(db, IntentRow, client_order_id)
            return _to_intent(row) if row else None

    def intents(
        self, portfolio: str, *, open_only: bool = False, proposal_id: str | None = None
    ) -> tuple[OrderIntent, ...]:
        """List intents, oldest first."""
        of = {} if proposal_id is None else {"of": proposal_id}
        with self._database.read() as db:
            return tuple(
                _to_intent(row)
                for row in run(db, _listing(open_only=open_only, of_proposal=bool(of)), whose=portfolio, **of)
            )

    def bracketed(self, portfolio: str) -> tuple[OrderIntent, ...]:
        """List the entries with a stop in symbols that are held, oldest first: their legs may rest at the broker."""
        held = select(PositionRow.symbol).where(PositionRow.portfolio == portfolio)
        entries = select(IntentRow).where(
            IntentRow.portfolio == portfolio,
            col(IntentRow.symbol).in_(held),
            col(IntentRow.plan_stop).is_not(None),
            col(IntentRow.filled_quantity) > 0,
        )
        with self._database.read() as db:
            rows = db.exec(entries.order_by(col(IntentRow.created_at), IntentRow.client_order_id))
            return tuple(_to_intent(row) for row in rows)

    def book_legs(self, portfolio: str, fills: Sequence[Fill]) -> int:
        """Book executions of protective legs, once each; return how many were new.

        Raises:
            NotFound: an entry that the ledger does not have.
            BadInput: not a leg, or one on the side of its entry.
        """
        named = [fill.execution_id for fill in fills]
        with self._database.read() as db:
            known = set(db.exec(select(FillRow.execution_id).where(col(FillRow.execution_id).in_(named))))
        fresh = [fill for fill in fills if fill.execution_id not in known]
        if not fresh:
            return 0
        with self._database.write(portfolio) as db:
            booked = 0
            for fill in sorted(fresh, key=lambda fill: (fill.at, fill.execution_id)):
                if fill.leg is None:
                    raise BadInput(f"fill {fill.execution_id} is no leg", "book it with its order")
                booked += Booking(db, _intent_row(db, fill.client_order_id), self._note).book_fills([fill])
            return booked

    def orders(self, portfolio: str, limit: int = 100) -> tuple[OrderIntent, ...]:
        """List intents, newest first."""
        newest = select(IntentRow).where(IntentRow.portfolio == portfolio).order_by(col(IntentRow.created_at).desc())
        with self._database.read() as db:
            rows = db.exec(newest.order_by(col(IntentRow.client_order_id).desc()).limit(limit))
            return tuple(_to_intent(row) for row in rows)

    def claim_intent(self, client_order_id: str, at: datetime) -> OrderIntent | None:  # noqa: ARG002 - `at` is the port's
        """Mark an unfinished intent SUBMITTING, count the attempt; None when it is final or already at the broker."""
        with self._database.write(_portfolio_of(client_order_id)) as db:
            claimed = bool(run(db, CLAIM, of=client_order_id))
            row = _intent_row(db, client_order_id)
            if not claimed:
                return None
            self._note(db, row.portfolio, "intent_claimed", client_order_id, {"attempt": row.attempt})
            return _to_intent(row)

    def mark_intent(self, client_order_id: str, state: IntentState, problem: str, at: datetime) -> None:
        """Write down what became of a submission; a final state stays as it is.

        What is at the broker never becomes PENDING again; REJECTED means DONE where something was filled.
        """
        with self._database.write(_portfolio_of(client_order_id)) as db:
            row = _intent_row(db, client_order_id)
            if row.state.is_final or (row.state in AT_THE_BROKER and state is IntentState.PENDING):
                return
            if state is IntentState.REJECTED and row.filled_quantity:
                state = IntentState.DONE
            row.state, row.problem = state, problem
            detail = {"state": state.value, "problem": problem}
            self._note(db, row.portfolio, "intent_marked", client_order_id, detail)
            if state.is_final:
                end_proposal(db, row, problem, at, self._note)

    def book_order(self, order: Order, fills: Sequence[Fill], at: datetime) -> OrderIntent:
        """Record what the broker says of an order, book new fills once each, finish intent and proposal when final.

        Raises:
            NotFound: no such intent.
            BadInput: a fill belongs to another order.
        """
        with self._database.write(_portfolio_of(order.client_order_id)) as db:
            row = _intent_row(db, order.client_order_id)
            Booking(db, row, self._note).book(order, fills, at)
            return _to_intent(row)

    def fills_of(self, proposal_id: str) -> tuple[Fill, ...]:
        """List what was traded for a proposal, oldest first."""
        wanted = select(FillRow).where(FillRow.proposal_id == proposal_id)
        with self._database.read() as db:
            rows = db.exec(wanted.order_by(col(FillRow.at), FillRow.execution_id))
            return tuple(Fill.model_validate(row.model_dump(exclude={"portfolio", "proposal_id"})) for row in rows)


@cache
def _listing(*, open_only: bool, of_proposal: bool) -> Prepared:
    wanted = sa.select(*INTENTS.c).where(INTENTS.c.portfolio == sa.bindparam("whose"))
    if open_only:
        wanted = wanted.where(INTENTS.c.state.in_([state for state in IntentState if not state.is_final]))
    if of_proposal:
        wanted = wanted.where(INTENTS.c.proposal_id == sa.bindparam("of"))
    return Prepared(wanted.order_by(INTENTS.c.created_at, INTENTS.c.client_order_id))


def _portfolio_of(client_order_id: str) -> SelectOfScalar[str]:
    return select(IntentRow.portfolio).where(IntentRow.client_order_id == client_order_id)


def _intent_row(db: Session, client_order_id: str) -> IntentRow:
    row = hold(db, IntentRow, client_order_id)
    if row is None:
        raise NotFound(f"no order {client_order_id}", "list them with `pm orders`")
    return row


def _to_intent(row: Any) -> OrderIntent:
    return OrderIntent.model_validate({name: getattr(row, name) for name in OrderIntent.model_fields})
