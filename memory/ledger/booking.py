"""Booking what the broker says of one order: fills once each, holdings and cash exactly, then intent and proposal."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from sqlalchemy import bindparam, select
from sqlmodel import Session

from domain.errors import BadInput
from domain.orders import LEGS, Fill, IntentState, Order, OrderStatus
from domain.records import ProposalStatus
from memory.ledger.accounts import hold_account
from memory.ledger.chain import Detail
from memory.ledger.holding import cash_flow, fold
from memory.ledger.positions import holding_of, moment_of, names_of, newest_moment, refold, store_holding
from memory.ledger.prepared import Prepared
from memory.ledger.proposal_rows import hold_proposal
from memory.ledger.sql import by_key, insert_once, run, table_of, upsert
from memory.ledger.tables import BrokerOrderRow, FillRow, IntentRow
from memory.ledger.types import to_micro

INTENTS = table_of(IntentRow)
OTHERS = Prepared(
    select(INTENTS.c.client_order_id).where(
        INTENTS.c.proposal_id == bindparam("of"),
        INTENTS.c.client_order_id != bindparam("own"),
        INTENTS.c.state.not_in([state for state in IntentState if state.is_final]),
    )
)
"""The unfinished orders of a proposal but for one."""


class Note(Protocol):
    """Append an audit row in the open transaction."""

    def __call__(
        self,
        session: Session,
        portfolio: str,
        action: str,
        subject: str,
        detail: Detail | None = None,
        actor: str = "desk",
    ) -> None:
        """Append it."""
        ...


class Booking:
    """One order's news on its way into the books, inside a writing transaction."""

    def __init__(self, db: Session, intent: IntentRow, note: Note) -> None:
        self._db = db
        self._intent = intent
        self._note = note
        self._protects = intent.leg.startswith(LEGS)

    def book(self, order: Order, fills: Sequence[Fill], at: datetime) -> None:
        """Book the news; telling it again changes nothing."""
        fills = [self._under_its_name(fill) for fill in fills]
        for fill in fills:
            if (fill.client_order_id, fill.symbol) != (self._intent.client_order_id, self._intent.symbol):
                raise BadInput(f"fill {fill.execution_id} belongs to {fill.client_order_id} {fill.symbol}")
        self._tell(order, at)
        self.book_fills(sorted(fills, key=lambda fill: (fill.at, fill.execution_id)))
        self._move_intent(order)
        if self._intent.state.is_final:
            end_proposal(self._db, self._intent, order.reason, at, self._note)

    def _under_its_name(self, fill: Fill) -> Fill:
        """An execution from before a rename counts for the symbol as it is called now."""
        symbol = self._intent.symbol
        if fill.symbol == symbol or fill.symbol not in names_of(self._db, self._intent.portfolio, symbol):
            return fill
        return fill.model_copy(update={"symbol": symbol})

    def _tell(self, order: Order, at: datetime) -> None:
        known = by_key(self._db, BrokerOrderRow, order.client_order_id)
        stale = known is not None and (
            (known.status.is_final and not order.status.is_final) or known.filled_quantity > order.filled_quantity
        )
        if not stale:
            row = BrokerOrderRow(**order.model_dump(), portfolio=self._intent.portfolio, told_at=at)
            upsert(self._db, row)

    def book_fills(self, fills: Sequence[Fill]) -> int:
        """Book executions, oldest first, once each, and return how many; those of protective legs count for no order.

        Raises:
            BadInput: a leg that does not go the other way.
        """
        for fill in fills:
            if fill.leg is not None and fill.side is self._intent.side and not self._protects:
                raise BadInput(f"fill {fill.execution_id} is a leg on the side of its own entry")
        portfolio, symbol = self._intent.portfolio, self._intent.symbol
        newest = newest_moment(self._db, portfolio, symbol)
        rows = [row for row in map(self._row, fills) if insert_once(self._db, row)]
        if not rows:
            return 0
        account = hold_account(self._db, self._intent.portfolio)
        for row in rows:
            account.cash += cash_flow(row)
            self._intent.filled_quantity += row.quantity if row.leg is None or self._protects else 0
            self._note_fill(row)
        self._count_for_proposal(sum((row.quantity for row in rows if row.leg is None), Decimal(0)))
        if newest is not None and moment_of(rows[0]) < newest:
            refold(self._db, portfolio, symbol)
        else:
            holding = fold(holding_of(self._db, portfolio, symbol), rows)
            store_holding(self._db, portfolio, symbol, holding)
        return len(rows)

    def _row(self, fill: Fill) -> FillRow:
        told = fill.model_dump() | {
            "quantity": to_micro(fill.quantity),
            "price": to_micro(fill.price),
            "commission": to_micro(fill.commission),
        }
        return FillRow(**told, portfolio=self._intent.portfolio, proposal_id=self._intent.proposal_id)

    def _count_for_proposal(self, quantity: Decimal) -> None:
        proposal = hold_proposal(self._db, self._intent.proposal_id)
        if proposal.side is self._intent.side:
            proposal.filled_quantity += quantity

    def _note_fill(self, row: FillRow) -> None:
        detail = {
            "execution_id": row.execution_id,
            "side": row.side.value,
            "symbol": row.symbol,
            "quantity": str(row.quantity),
            "price": str(row.price),
            "commission": str(row.commission),
        }
        if row.leg is not None:
            detail["leg"] = row.leg.value
        self._note(self._db, row.portfolio, "fill_booked", row.client_order_id, detail, "broker")

    def _move_intent(self, order: Order) -> None:
        intent = self._intent
        if intent.state is IntentState.DONE:
            return
        promised = order.quantity if order.status is OrderStatus.FILLED else order.filled_quantity
        if order.status.is_final and intent.filled_quantity >= to_micro(promised):
            refused = order.status is OrderStatus.REJECTED and not intent.filled_quantity
            intent.state = IntentState.REJECTED if refused else IntentState.DONE
            intent.problem = order.reason
        elif intent.state is IntentState.REJECTED:
            intent.state = IntentState.DONE if intent.filled_quantity else IntentState.REJECTED
        elif order.status is OrderStatus.UNKNOWN:
            intent.state = IntentState.UNKNOWN
        else:
            intent.state = IntentState.PARTIAL if intent.filled_quantity else IntentState.OPEN


def end_proposal(db: Session, intent: IntentRow, problem: str, at: datetime, note: Note) -> None:
    """End the proposal of a final intent, unless another of its orders may still do something."""
    proposal = hold_proposal(db, intent.proposal_id)
    refused = intent.state is IntentState.REJECTED and not proposal.filled_quantity
    status = ProposalStatus.REJECTED if refused else ProposalStatus.DONE
    was_refused_and_filled_late = proposal.status is ProposalStatus.REJECTED and bool(proposal.filled_quantity)
    if not (proposal.status is ProposalStatus.EXECUTING or was_refused_and_filled_late) or run(
        db, OTHERS, of=intent.proposal_id, own=intent.client_order_id
    ):
        return
    proposal.status = status
    proposal.problem = "" if proposal.filled_quantity else problem
    detail = {"status": status.value, "filled": str(proposal.filled_quantity), "at": at.isoformat(), "problem": problem}
    note(db, intent.portfolio, "proposal_finished", f"P-{proposal.id}", detail)
