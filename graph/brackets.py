"""Protective legs that rest at a broker: their executions are booked, and an exit is sent only once they are gone."""

from decimal import Decimal

from domain.errors import OrderRefused
from domain.orders import OrderIntent
from domain.ports import Bracketing
from graph.context import Till


def book_legs(till: Till) -> int:
    """Book what legs of the holdings' entries have executed; return how many executions that were.

    Raises:
        Transient: the broker did not answer.
    """
    if not isinstance(till.broker, Bracketing):
        return 0
    entries = {entry.client_order_id: entry for entry in till.ledger.bracketed(till.portfolio)}
    if not entries:
        return 0
    since = min(entry.created_at for entry in entries.values())
    legs = [fill for fill in till.broker.fills(since) if fill.leg is not None and fill.client_order_id in entries]
    return till.ledger.book_legs(till.portfolio, legs)


def clear_the_way(till: Till, intent: OrderIntent) -> bool:
    """Cancel the legs that rest on what is about to be sold or protected anew; false while one may still be executed.

    Raises:
        OrderRefused: legs were executed before they could be cancelled, and less is held than the exit sells.
        Transient: the broker did not answer.
    """
    if not intent.reduces or not isinstance(till.broker, Bracketing):
        return True
    if not till.broker.cancel_legs(intent.symbol):
        return False
    book_legs(till)
    held = next((abs(p.quantity) for p in till.broker.positions() if p.symbol == intent.symbol), Decimal(0))
    if held < intent.quantity and intent.protects:
        return False
    if held < intent.quantity:
        raise OrderRefused(f"a protective leg of {intent.symbol} was executed first; {held} are left")
    return True
