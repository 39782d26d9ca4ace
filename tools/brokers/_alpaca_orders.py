"""Orders in Alpaca's words and back: what is sent for an intent, and what an answer means."""

import re
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from domain.errors import OrderRefused, Transient
from domain.orders import BrokerPosition, Order, OrderIntent, OrderStatus
from domain.proposal import OrderType
from domain.trade import Side
from tools.alpaca_api import Refusal, moment

OPTION = re.compile(r"^[A-Z]{1,6}\d{6}[CP]\d{8}$")
STATUS = {
    "new": OrderStatus.OPEN,
    "partially_filled": OrderStatus.PARTIAL,
    "filled": OrderStatus.FILLED,
    "done_for_day": OrderStatus.OPEN,
    "canceled": OrderStatus.CANCELED,
    "expired": OrderStatus.EXPIRED,
    "replaced": OrderStatus.CANCELED,
    "pending_cancel": OrderStatus.OPEN,
    "pending_replace": OrderStatus.OPEN,
    "pending_review": OrderStatus.ACCEPTED,
    "accepted": OrderStatus.ACCEPTED,
    "pending_new": OrderStatus.ACCEPTED,
    "accepted_for_bidding": OrderStatus.ACCEPTED,
    "stopped": OrderStatus.OPEN,
    "rejected": OrderStatus.REJECTED,
    "suspended": OrderStatus.OPEN,
    "calculated": OrderStatus.OPEN,
    "held": OrderStatus.ACCEPTED,
}
REASONS = {
    "insufficient buying power": "not enough buying power",
    "insufficient qty": "less of it is free to sell than that",
    "wash trade": "an order on the other side rests: Alpaca takes it for a wash trade",
    "not allowed to short": "the account may not sell short",
    "cannot be sold short": "this symbol can't be sold short",
}
"""What 403/40310000 stands for, by a piece of its message."""


def request_of(intent: OrderIntent) -> dict[str, Any]:
    """Write an intent as Alpaca wants it: numbers as strings, prices on its grid, legs where they are possible.

    Legs need an entry by market or limit in whole shares; they rest until they are filled or cancelled, so such an
    order is good till cancelled. Everything else is good for the day.
    """
    buys = intent.side is Side.BUY
    kind = intent.order_type if intent.order_type is not OrderType.BRACKET else _entry_of_bracket(intent)
    asked: dict[str, Any] = {
        "symbol": intent.symbol,
        "side": intent.side.value.lower(),
        "qty": format(intent.quantity.normalize() + 0, "f"),
        "type": kind.value,
        "time_in_force": "day",
        "client_order_id": intent.client_order_id,
    }
    if kind in {OrderType.LIMIT, OrderType.STOP_LIMIT} and intent.limit_price is not None:
        asked["limit_price"] = on_grid(intent.limit_price, ROUND_FLOOR if buys else ROUND_CEILING)
    if kind in {OrderType.STOP, OrderType.STOP_LIMIT} and intent.stop_price is not None:
        asked["stop_price"] = on_grid(intent.stop_price, ROUND_HALF_UP)
    stop = intent.plan_stop or (intent.stop_price if intent.order_type is OrderType.BRACKET else None)
    target = intent.plan_target or (intent.take_profit_price if intent.order_type is OrderType.BRACKET else None)
    if stop is not None and has_legs(intent):
        asked["time_in_force"] = "gtc"
        asked["order_class"] = "bracket" if target is not None else "oto"
        asked["stop_loss"] = {"stop_price": on_grid(stop, ROUND_HALF_UP)}
        if target is not None:
            asked["take_profit"] = {"limit_price": on_grid(target, ROUND_HALF_UP)}
    return asked


def has_legs(intent: OrderIntent) -> bool:
    """Whether Alpaca can keep stop and target of this order: an entry by market or limit, in whole shares."""
    fits = intent.order_type in {OrderType.MARKET, OrderType.LIMIT, OrderType.BRACKET}
    whole = intent.quantity == intent.quantity.to_integral_value()
    return fits and whole and not intent.reduces and not OPTION.match(intent.symbol)


def refuse_unsendable(intent: OrderIntent) -> None:
    """Refuse what Alpaca can't take, before it is sent; raises OrderRefused."""
    whole = intent.quantity == intent.quantity.to_integral_value()
    if OPTION.match(intent.symbol):
        if not whole or intent.order_type not in {OrderType.MARKET, OrderType.LIMIT}:
            raise OrderRefused(f"{intent.symbol} is an option: whole contracts, by market or limit only")
    elif not whole and intent.order_type not in {OrderType.MARKET, OrderType.LIMIT}:
        raise OrderRefused(f"{intent.quantity} {intent.symbol}: fractions of a share by market or limit only")


def refusal_of(intent: OrderIntent, refusal: Refusal) -> OrderRefused:
    """Say in our words why Alpaca does not take an order."""
    said = next((ours for piece, ours in REASONS.items() if piece in refusal.message.lower()), refusal.message[:200])
    return OrderRefused(
        f"Alpaca refused {intent.side} {intent.quantity} {intent.symbol} ({refusal.status}/{refusal.code}): {said}"
    )


def is_duplicate(refusal: Refusal) -> bool:
    """Whether the client order id has been used before."""
    return refusal.status == 422 and "client_order_id must be unique" in refusal.message.lower()  # noqa: PLR2004


def is_held(refusal: Refusal) -> bool:
    """Whether what is to be sold is there, but held by another order that is on its way out."""
    return refusal.status == 403 and "insufficient qty" in refusal.message.lower()  # noqa: PLR2004


def read_order(told: Any, client_order_id: str | None = None, before: Decimal = Decimal(0)) -> Order:
    """Read an order; `before` was filled by orders that this one replaced. An unheard-of status is UNKNOWN.

    Raises:
        Transient: it can't be read.
    """
    try:
        filled = number(told["filled_qty"]) + before
        status = STATUS.get(told["status"], OrderStatus.UNKNOWN)
        asked = filled if status is OrderStatus.FILLED else number(told["qty"] or told["filled_qty"]) + before
        average = told.get("filled_avg_price")
        return Order(
            client_order_id=client_order_id or told["client_order_id"],
            broker_order_id=told["id"],
            symbol=told["symbol"],
            side=Side(told["side"].upper()),
            quantity=asked,
            filled_quantity=filled,
            average_price=number(average) if average is not None else None,
            status=status,
            order_type=_type(told.get("type") or told.get("order_type")),
            submitted_at=moment(told["submitted_at"]),
            reason="Alpaca rejected it after taking it" if status is OrderStatus.REJECTED else "",
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise Transient(f"Alpaca told an order that can't be read: {type(error).__name__}", "ask again") from None


def read_position(told: Any) -> BrokerPosition:
    """Read a holding, negative when short; raises KeyError, TypeError or ValueError where it can't be read."""
    quantity = number(told["qty"])
    return BrokerPosition(
        symbol=told["symbol"],
        quantity=-abs(quantity) if told.get("side") == "short" else quantity,
        average_price=number(told["avg_entry_price"]),
    )


def number(text: Any) -> Decimal:
    """Read one of Alpaca's numbers (strings, mostly); raises ValueError."""
    try:
        found = Decimal(str(text))
    except InvalidOperation:
        raise ValueError(f"{text!r} is no number") from None
    if not found.is_finite():
        raise ValueError(f"{text!r} is not finite")
    return found


def on_grid(price: Decimal, rounding: str) -> str:
    """Put a price on Alpaca's grid: cents from a dollar up, hundredths of a cent below."""
    step = Decimal("0.01") if price >= 1 else Decimal("0.0001")
    return format(price.quantize(step, rounding), "f")


def _entry_of_bracket(intent: OrderIntent) -> OrderType:
    return OrderType.MARKET if intent.limit_price is None else OrderType.LIMIT


def _type(name: Any) -> OrderType:
    return OrderType(name) if name in set(OrderType) else OrderType.MARKET
