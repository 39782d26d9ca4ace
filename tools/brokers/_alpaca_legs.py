"""Protective legs at Alpaca: those of an entry, which Alpaca names, and those sent by themselves, which we do."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from domain.errors import Transient
from domain.orders import OURS, OURS_LEGS, Order, OrderIntent, OrderStatus, RestingLeg
from domain.trade import ExitKind
from tools.brokers._alpaca_orders import number, on_grid, read_order, request_of

LEGS = {"stop": ExitKind.STOP, "stop_limit": ExitKind.STOP, "trailing_stop": ExitKind.STOP, "limit": ExitKind.TARGET}
"""Which part of an exit plan a leg is, by its type."""


def ask_for(intent: OrderIntent) -> dict[str, Any]:
    """Write any intent as Alpaca wants it, legs by themselves included."""
    return _legs_alone(intent) if intent.protects else request_of(intent)


def read_answer(told: Any, client_order_id: str | None = None, before: Decimal = Decimal(0)) -> Order:
    """Read an order, or legs that were sent by themselves, as the one order it is for us; raises Transient."""
    name = client_order_id or str(told.get("client_order_id"))
    alone = name.startswith(OURS_LEGS) and not before
    return _read_legs(told, name) if alone else read_order(told, client_order_id, before)


def is_leg(told: Mapping[str, Any]) -> bool:
    """Whether an order that is told by itself is a leg: one of a bracket, which Alpaca names, or one we named so."""
    name = told["client_order_id"]
    return name.startswith(OURS_LEGS) or (
        told.get("order_class") in {"bracket", "oto", "oco"} and not name.startswith(OURS)
    )


def read_leg(told: Any) -> RestingLeg:
    """Read what is left of a leg that rests; raises Transient where it can't be read."""
    try:
        kind = LEGS[told.get("type") or told.get("order_type")]
        price = told["stop_price"] if kind is ExitKind.STOP else told["limit_price"]
        left = number(told["qty"]) - number(told["filled_qty"])
        return RestingLeg(symbol=told["symbol"], kind=kind, quantity=left, price=number(price))
    except (KeyError, TypeError, ValueError) as error:
        raise Transient(f"Alpaca told a leg that can't be read: {type(error).__name__}", "ask again") from None


def kind_of(told: Any) -> ExitKind | None:
    """Tell which part of an exit plan a leg is."""
    return LEGS.get(told.get("type") or told.get("order_type"))


def _legs_alone(intent: OrderIntent) -> dict[str, Any]:
    """A stop, or stop and target of which one cancels the other, for what is held already."""
    asked: dict[str, Any] = {
        "symbol": intent.symbol,
        "side": intent.side.value.lower(),
        "qty": format(intent.quantity.normalize() + 0, "f"),
        "time_in_force": "gtc",
        "client_order_id": intent.client_order_id,
    }
    stop = {} if intent.stop_price is None else {"stop_price": on_grid(intent.stop_price, ROUND_HALF_UP)}
    if intent.take_profit_price is None:
        return asked | {"type": "stop"} | stop
    target = {"limit_price": on_grid(intent.take_profit_price, ROUND_HALF_UP)}
    return asked | {"type": "limit", "order_class": "oco", "take_profit": target, "stop_loss": stop}


def _read_legs(told: Any, name: str) -> Order:
    """Whichever of the legs is executed, it is an execution of the one order; that is over when all of them are."""
    parts = [read_order(part, name) for part in (told, *(told.get("legs") or ()))]
    first = parts[0]
    filled = sum((part.filled_quantity for part in parts), Decimal(0))
    spent = sum((part.filled_quantity * (part.average_price or 0) for part in parts), Decimal(0))
    whole = any(part.status is OrderStatus.FILLED for part in parts)  # the other leg shrinks as one is executed
    working = next((part.status for part in parts if not part.status.is_final), None)
    status = OrderStatus.FILLED if whole else working or first.status
    if filled and status in {OrderStatus.OPEN, OrderStatus.ACCEPTED}:
        status = OrderStatus.PARTIAL
    average = spent / filled if filled else None
    told = {"filled_quantity": filled, "average_price": average, "status": status}
    return first.model_copy(update=told | {"quantity": filled if whole else first.quantity})
