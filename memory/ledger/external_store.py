"""Orders placed by hand at the broker: the last look's, replaced by the next one's, each change audited."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, select

from domain.orders import Order
from memory.ledger.accounts import hold_account
from memory.ledger.book_rows import EXTERNAL_ORDERS
from memory.ledger.part import Part
from memory.ledger.prepared import Prepared
from memory.ledger.sql import run, table_of
from memory.ledger.tables import ExternalOrderRow, IntentRow
from memory.ledger.types import to_micro

INTENTS = table_of(IntentRow)
OURS = Prepared(
    sa.select(INTENTS.c.client_order_id).where(INTENTS.c.client_order_id.in_(sa.bindparam("named", expanding=True)))
)


class ExternalPart(Part):
    """Implements the look at orders by hand of `domain.trade_storage.OrderStore`."""

    def note_open_orders(self, portfolio: str, orders: Sequence[Order], at: datetime) -> int:
        """Remember which of the broker's open orders are not ours, and forget what it no longer lists; return how many.

        They count in the worst case of every book until the broker lists them no more.
        """
        with self._database.read() as db:
            theirs = [order for order in _not_ours(db, orders) if order.quantity > order.filled_quantity]
            if not _changes(run(db, EXTERNAL_ORDERS, portfolio=portfolio), theirs):
                return len(theirs)
        with self._database.write(portfolio) as db:
            hold_account(db, portfolio)
            known = {row.broker_order_id: row for row in _stored(db, portfolio)}
            for order in theirs:
                row = known.pop(order.broker_order_id, None)
                left = to_micro(order.quantity - order.filled_quantity)
                if row is None:
                    row = ExternalOrderRow(
                        portfolio=portfolio,
                        broker_order_id=order.broker_order_id,
                        symbol=order.symbol,
                        side=order.side,
                        quantity=left,
                        first_seen=at,
                    )
                    db.add(row)
                    self._note_by_hand(db, "external_order_seen", row)
                row.quantity = left
            for gone in known.values():
                self._note_by_hand(db, "external_order_gone", gone)
                db.delete(gone)
            return len(theirs)

    def _note_by_hand(self, db: Session, action: str, row: ExternalOrderRow) -> None:
        detail = {"side": row.side.value, "quantity": str(row.quantity), "broker_order_id": row.broker_order_id}
        self._note(db, row.portfolio, action, row.symbol, detail, "broker")


def _not_ours(db: Session, orders: Sequence[Order]) -> list[Order]:
    named = [order.client_order_id for order in orders]
    ours = set(run(db, OURS, named=named).scalars()) if named else set()
    return [order for order in orders if order.client_order_id not in ours]


def _stored(db: Session, portfolio: str) -> Sequence[ExternalOrderRow]:
    return db.exec(select(ExternalOrderRow).where(ExternalOrderRow.portfolio == portfolio)).all()


def _changes(stored: Sequence[Any], theirs: Sequence[Order]) -> bool:
    known = {row.broker_order_id: row.quantity for row in stored}
    return known != {order.broker_order_id: to_micro(order.quantity - order.filled_quantity) for order in theirs}
