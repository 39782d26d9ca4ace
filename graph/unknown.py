"""What is done about orders of which too little is known: when to look again, whom to tell, what turns up late."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from domain.book import ControlState
from domain.errors import AccessDenied
from domain.orders import IntentState, OrderIntent
from domain.records import Mismatch
from graph.context import Context, Till

LONGEST_WAIT = 60.0
"""Seconds between two looks at an order whose outcome is not known, at most; they begin at two and double."""
RECENT = 200
"""Among so many newest orders one is looked for that was given up and filled after all."""

log: structlog.stdlib.BoundLogger = structlog.get_logger()


def is_due(till: Till, intent: OrderIntent) -> bool:
    """Whether it is time to look again; in replay, where time stands still, it always is."""
    return till.clock.replay or intent.state is not IntentState.UNKNOWN or next_look(intent) <= till.clock.now()


def next_look(intent: OrderIntent) -> datetime:
    """Tell when an order of unknown outcome is looked up next: 2, 6, 14, 30, 62 seconds after it was promised, ..."""
    waited = sum(min(2.0**attempt, LONGEST_WAIT) for attempt in range(1, intent.attempt + 1))
    return intent.created_at + timedelta(seconds=waited)


def tell_quarantined(till: Till, intent: OrderIntent) -> None:
    """Alert people, once, that an order may or may not live and is not sent again."""
    text = (
        f"{intent.side} {intent.quantity} {intent.symbol} ({intent.client_order_id}): the broker never answered. It is "
        "not sent again; it counts as open until the session ends, or until the broker shows it."
    )
    _alert(till, "order_quarantined", intent.client_order_id, text)


def lock_out(till: Till, error: AccessDenied) -> None:
    """Halt the desk whose keys the broker does not accept, and alert people once a day."""
    control = till.ledger.control(till.portfolio)
    if control.state is not ControlState.HALTED:
        till.ledger.set_control(till.portfolio, ControlState.HALTED, error.message, "broker", till.clock.now())
    _alert(till, "access_denied", till.clock.now().date().isoformat(), f"{error}. The desk is HALTED.")


def adopt_late(ctx: Context, differences: Sequence[Mismatch]) -> int:
    """Book orders that were given up and that the broker filled after all; return how many.

    Raises:
        Transient: the broker did not answer.
    """
    symbols = {found.symbol for found in differences}
    given_up = [
        intent
        for intent in ctx.ledger.orders(ctx.portfolio, limit=RECENT)
        if intent.state is IntentState.REJECTED and intent.symbol in symbols
    ]
    adopted = 0
    for intent in given_up:
        order = ctx.broker.find(intent.client_order_id)
        if order is None or not order.filled_quantity:
            continue
        fills = ctx.broker.fills(min(intent.created_at, order.submitted_at - timedelta(seconds=1)))
        mine = [fill for fill in fills if fill.client_order_id == intent.client_order_id and fill.leg is None]
        ctx.ledger.book_order(order, mine, ctx.clock.now())
        log.warning("order_turned_up_late", client_order_id=intent.client_order_id, filled=str(order.filled_quantity))
        adopted += 1
    return adopted


def cancel_stragglers(ctx: Context) -> None:
    """Cancel what rests at the broker although it was given up: nobody waits for it any more.

    Raises:
        Transient: the broker did not answer.
    """
    for order in ctx.broker.open_orders():
        intent = ctx.ledger.intent(order.client_order_id)
        if intent is not None and intent.portfolio == ctx.portfolio and intent.state.is_final:
            log.warning("straggler_cancelled", client_order_id=order.client_order_id)
            ctx.broker.cancel(order.client_order_id)


def _alert(till: Till, kind: str, subject: str, text: str) -> None:
    payload = {"kind": kind, "level": "critical", "text": text}
    till.ledger.post(till.portfolio, "alert", f"{kind}:{till.portfolio}:{subject}", payload, till.clock.wall())
