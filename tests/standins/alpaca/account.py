"""The stand-in's account: orders, matching, brackets, positions and cash, on a clock that the test sets."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.standins.alpaca import hours
from tests.standins.alpaca.faults import Fault

OPEN = frozenset({"pending_new", "accepted", "new", "partially_filled", "held", "pending_cancel"})
WORKING = frozenset({"new", "partially_filled"})
HALF_SPREAD = Decimal("0.01")
MULTIPLIER = 4


class Refused(Exception):
    """The account says no: HTTP status, Alpaca's code and message."""

    def __init__(self, status: int, code: int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"code": code, "message": message, **more}


@dataclass
class Order:
    """One order; `visible` is when the account begins to know it, `parts` how many pieces it is filled in."""

    id: str
    client_order_id: str
    symbol: str
    side: str
    quantity: Decimal
    type: str
    time_in_force: str
    order_class: str
    limit: Decimal | None
    stop: Decimal | None
    created: datetime
    visible: datetime
    status: str = "pending_new"
    filled: Decimal = Decimal(0)
    spent: Decimal = Decimal(0)
    parts: int = 1
    last_piece: datetime | None = None
    doomed: bool = False
    sticky: bool = False
    triggered: bool = False
    parent: str | None = None
    legs: list[str] = field(default_factory=list)
    replaces: str | None = None
    replaced_by: str | None = None
    ended: datetime | None = None


class Account:
    """One paper account. Nothing happens between requests: `tick` carries on what was pending."""

    def __init__(self, now: datetime, cash: Decimal, price: Callable[[str], Decimal | None]) -> None:
        self.now = now
        self.price = price
        self.number = "PA3STANDIN01"
        self.orders: dict[str, Order] = {}
        self.executions: list[dict[str, Any]] = []
        self.on_event: Callable[[str, Order, dict[str, Any] | None], None] = lambda *_: None
        self._counter = 0
        self.reset(cash)

    def reset(self, cash: Decimal) -> None:
        """Begin again, as a user may on Alpaca's page: no orders, no positions, another account number."""
        self.cash = cash
        self.positions: dict[str, tuple[Decimal, Decimal]] = {}
        self.orders.clear()
        self.executions.clear()
        self.id = self._new_id()
        self.number = f"PA3STANDIN{self._counter:02d}"

    def set_now(self, moment: datetime) -> None:
        """Move the clock forward, through every open and close on the way."""
        late = [order.visible for order in self.orders.values() if self.now < order.visible <= moment]
        for step in sorted({*hours.moments(self.now, moment), *late}):
            self._arrive(step)
        self._arrive(moment)

    def submit(self, asked: dict[str, Any], fault: Fault | None = None) -> Order:
        """Take an order; raises Refused."""
        client_id = asked.get("client_order_id") or str(uuid.uuid5(uuid.NAMESPACE_URL, self._new_id()))
        if any(order.client_order_id == client_id for order in self.orders.values()):
            raise Refused(422, 40010001, "client_order_id must be unique")
        if asked.get("order_class") == "oco":
            asked = {**asked, "limit_price": (asked.get("take_profit") or {}).get("limit_price")}
        order = self._order(asked, client_id)
        self._check(order, asked)
        kind = fault.kind if fault else ""
        if fault and kind == "late":
            order.visible = self.now + timedelta(seconds=fault.seconds)
        order.parts = fault.parts if fault and kind == "partial" else 1
        order.doomed, order.sticky = kind == "reject_later", kind == "stuck_cancel"
        self.orders[order.id] = order
        self._attach_legs(order, asked)
        return order

    def cancel(self, order: Order) -> None:
        """Ask for a cancellation; raises Refused where it is too late."""
        if order.status not in OPEN:
            raise Refused(422, 42210000, f"order is already in {order.status!r} state")
        if order.sticky:
            order.status = "pending_cancel"
            self.on_event("pending_cancel", order, None)
        else:
            self._end(order, "canceled")

    def replace(self, order: Order, asked: dict[str, Any]) -> Order:
        """Put another order in the place of one; raises Refused where it is too late."""
        if order.status not in OPEN:
            raise Refused(422, 42210000, f"order is already in {order.status!r} state")
        quantity = Decimal(asked.get("qty", order.quantity)) - order.filled
        new = Order(**{**order.__dict__, "id": self._new_id(), "replaces": order.id, "quantity": quantity})
        new.client_order_id = asked.get("client_order_id") or str(uuid.uuid5(uuid.NAMESPACE_URL, new.id))
        new.filled, new.spent, new.legs, new.created = Decimal(0), Decimal(0), [], self.now
        new.limit = Decimal(asked["limit_price"]) if "limit_price" in asked else order.limit
        new.status = "new"
        order.status, order.replaced_by, order.ended = "replaced", new.id, self.now
        self.orders[new.id] = new
        self.on_event("replaced", order, None)
        return new

    def tick(self) -> None:
        """Carry on: accept, reject, trigger, fill."""
        for order in list(self.orders.values()):
            if order.status in OPEN and order.visible <= self.now:
                self._carry_on(order)

    def held(self, symbol: str) -> Decimal:
        """Tell the holding, negative when short."""
        return self.positions.get(symbol, (Decimal(0), Decimal(0)))[0]

    def available(self, symbol: str) -> Decimal:
        """Tell how much of a long holding no open sale has taken."""
        selling = {}
        for order in self.orders.values():
            if order.symbol == symbol and order.side == "sell" and order.status in OPEN and self._lives(order):
                key = order.parent or order.id
                selling[key] = max(selling.get(key, Decimal(0)), order.quantity - order.filled)
        return self.held(symbol) - sum(selling.values(), Decimal(0))

    def equity(self) -> Decimal:
        """Tell cash and holdings at their prices."""
        return self.cash + sum(
            (qty * (self.price(s) or Decimal(0)) for s, (qty, _) in self.positions.items()), Decimal(0)
        )

    def _new_id(self) -> str:
        self._counter += 1
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"stand-in {self._counter}"))

    def _lives(self, order: Order) -> bool:
        if order.parent is None or order.order_class == "oco":
            return True
        return self.orders[order.parent].status == "filled"

    def _order(self, asked: dict[str, Any], client_id: str) -> Order:
        def number(value: Any) -> Decimal | None:
            return None if value is None else Decimal(str(value))

        price = self.price(asked["symbol"])
        quantity = number(asked.get("qty"))
        if quantity is None and price is not None:
            quantity = (Decimal(str(asked["notional"])) / price).quantize(Decimal("0.000000001"))
        return Order(
            id=self._new_id(),
            client_order_id=client_id,
            symbol=asked["symbol"],
            side=asked["side"],
            quantity=quantity or Decimal(0),
            type=asked["type"],
            time_in_force=asked["time_in_force"],
            order_class=asked.get("order_class") or "simple",
            limit=number(asked.get("limit_price")),
            stop=number(asked.get("stop_price")),
            created=self.now,
            visible=self.now,
        )

    def _check(self, order: Order, asked: dict[str, Any]) -> None:
        price = self.price(order.symbol)
        if price is None:
            raise Refused(422, 42210000, f'asset "{order.symbol}" not found')
        if order.quantity <= 0:
            raise Refused(422, 40010001, "qty must be > 0")
        if len(order.client_order_id) > 128:
            raise Refused(422, 40010001, "client_order_id must be no more than 128 characters")
        for given in (order.limit, order.stop):
            places = 2 if given is not None and given >= 1 else 4
            if given is not None and given != round(given, places):
                raise Refused(
                    422,
                    42210000,
                    f"invalid limit_price {given}. sub-penny increment does not fulfill minimum pricing criteria",
                )
        whole = order.quantity == order.quantity.to_integral_value()
        if not whole and (order.time_in_force != "day" or order.order_class != "simple"):
            raise Refused(422, 42210000, "fractional orders must be DAY orders")
        self._check_bracket(order, asked, price)
        self._check_means(order, price)

    def _check_bracket(self, order: Order, asked: dict[str, Any], price: Decimal) -> None:
        if order.order_class == "simple":
            return
        if order.order_class == "oco":
            self._check_oco(order, asked, price)
            return
        if order.order_class == "bracket" and not (asked.get("take_profit") and asked.get("stop_loss")):
            raise Refused(422, 40010001, "bracket orders require take_profit and stop_loss")
        base = order.limit or price
        long = order.side == "buy"
        stop = Decimal(asked["stop_loss"]["stop_price"]) if asked.get("stop_loss") else None
        target = Decimal(asked["take_profit"]["limit_price"]) if asked.get("take_profit") else None
        if stop is not None and ((stop > base - Decimal("0.01")) if long else (stop < base + Decimal("0.01"))):
            raise Refused(422, 42210000, "stop_loss.stop_price must be less than or equal to base_price - 0.01")
        if target is not None and ((target < base + Decimal("0.01")) if long else (target > base - Decimal("0.01"))):
            raise Refused(422, 42210000, "take_profit.limit_price must be greater than or equal to base_price + 0.01")

    def _check_oco(self, order: Order, asked: dict[str, Any], price: Decimal) -> None:
        if order.type != "limit" or order.limit is None or not asked.get("stop_loss"):
            raise Refused(422, 40010001, "oco orders require a limit order with take_profit and stop_loss")
        stop, long = Decimal(asked["stop_loss"]["stop_price"]), order.side == "sell"
        if (stop >= price) if long else (stop <= price):
            raise Refused(422, 42210000, f"stop price must be {'less' if long else 'greater'} than current price")
        if (stop >= order.limit) if long else (stop <= order.limit):
            raise Refused(422, 42210000, "take_profit.limit_price must be beyond stop_loss.stop_price")

    def _check_means(self, order: Order, price: Decimal) -> None:
        if order.side == "buy":
            if order.quantity * (order.limit or price) > self.equity() * MULTIPLIER:
                raise Refused(403, 40310000, "insufficient buying power", buying_power=str(self.equity() * MULTIPLIER))
            resting = [o for o in self.orders.values() if o.symbol == order.symbol and o.side == "sell"]
        else:
            free, held = self.available(order.symbol), self.held(order.symbol)
            if held > 0 and order.quantity > free:
                raise Refused(
                    403,
                    40310000,
                    f"insufficient qty available for order (requested: {order.quantity}, available: {free})",
                    available=str(free),
                    existing_qty=str(held),
                    held_for_orders=str(held - free),
                    symbol=order.symbol,
                )
            resting = [o for o in self.orders.values() if o.symbol == order.symbol and o.side == "buy"]
        if any(o.status in OPEN and o.parent is None and o.type != "stop" and o.order_class != "oco" for o in resting):
            raise Refused(403, 40310000, "potential wash trade detected. use complex orders")

    def _attach_legs(self, order: Order, asked: dict[str, Any]) -> None:
        other = "sell" if (order.side == "buy") is (order.order_class != "oco") else "buy"
        wanted = []
        if asked.get("take_profit") and order.order_class != "oco":
            wanted.append(("limit", asked["take_profit"]["limit_price"], None))
        if asked.get("stop_loss"):
            wanted.append(("stop", None, asked["stop_loss"]["stop_price"]))
        for kind, limit, stop in wanted if order.order_class != "simple" else []:
            told = {"symbol": order.symbol, "side": other, "qty": order.quantity, "type": kind, "limit_price": limit}
            leg = self._order({**told, "stop_price": stop, "time_in_force": order.time_in_force}, self._new_id())
            leg.status, leg.parent, leg.order_class, leg.visible = "held", order.id, order.order_class, order.visible
            order.legs.append(leg.id)
            self.orders[leg.id] = leg

    def _arrive(self, moment: datetime) -> None:
        self.now = moment
        if not hours.is_open(moment):
            for order in list(self.orders.values()):
                waits = order.status in OPEN and order.time_in_force == "day" and order.visible <= moment
                if waits and (hours.is_open(order.visible) or hours.moments(order.visible, moment)):
                    self._end(order, "expired")
        self.tick()

    def _carry_on(self, order: Order) -> None:
        if order.status in {"held", "pending_cancel"} and not (order.status == "held" and self._lives(order)):
            return
        if order.doomed:
            self._end(order, "rejected")
            return
        if order.status == "pending_new":
            order.status = "new" if hours.is_open(self.now) else "accepted"
            self.on_event(order.status, order, None)
        if not hours.is_open(self.now):
            return
        if order.status == "accepted":
            order.status = "new"
        price = self._execution_price(order)
        if price is not None and (order.status in WORKING or order.parent is not None):
            if order.parts > 0 and order.last_piece == self.now:
                return  # pieces come one at a time, as the clock moves
            left = order.quantity - order.filled
            piece = left if order.parts <= 1 else max(Decimal(1), (left / order.parts).to_integral_value())
            order.parts, order.last_piece = order.parts - 1, self.now
            self._fill(order, min(piece, left), price)

    def _execution_price(self, order: Order) -> Decimal | None:
        price = self.price(order.symbol)
        if price is None:
            return None
        buy = order.side == "buy"
        touch = price + HALF_SPREAD if buy else price - HALF_SPREAD
        if order.stop is not None and not order.triggered:
            if (price < order.stop) if buy else (price > order.stop):
                return None
            order.triggered = True
        if order.limit is not None and ((touch > order.limit) if buy else (touch < order.limit)):
            return None
        return touch

    def _fill(self, order: Order, quantity: Decimal, price: Decimal) -> None:
        signed = quantity if order.side == "buy" else -quantity
        held, average = self.positions.get(order.symbol, (Decimal(0), Decimal(0)))
        after = held + signed
        if held * signed >= 0:
            average = (abs(held) * average + quantity * price) / abs(after)
        elif held * after < 0:
            average = price
        self.positions[order.symbol] = (after, average)
        if after == 0:
            del self.positions[order.symbol]
        self.cash -= signed * price
        order.filled += quantity
        order.spent += quantity * price
        for other in self._oco_of(order):
            other.quantity -= quantity  # what one half sells, the other must not
        whole = order.filled == order.quantity
        order.status = "filled" if whole else "partially_filled"
        execution = {
            "id": f"{self.now.astimezone(UTC):%Y%m%d%H%M%S000}::{self._new_id()}",
            "activity_type": "FILL",
            "transaction_time": hours.stamp(self.now),
            "type": "fill" if whole else "partial_fill",
            "price": str(price),
            "qty": str(quantity),
            "side": order.side,
            "symbol": order.symbol,
            "leaves_qty": str(order.quantity - order.filled),
            "order_id": order.id,
            "cum_qty": str(order.filled),
            "order_status": order.status,
        }
        self.executions.append(execution)
        if whole:
            order.ended = self.now
            self._after_fill(order)
            for other in self._oco_of(order):
                self._end(other, "canceled")
        self.on_event("fill" if whole else "partial_fill", order, execution)

    def _after_fill(self, order: Order) -> None:
        for leg in (self.orders[name] for name in order.legs if order.order_class != "oco"):
            leg.status = "new" if leg.type == "limit" or len(order.legs) == 1 else "held"
        if order.parent is not None:
            for name in self.orders[order.parent].legs:
                if name != order.id and self.orders[name].status in OPEN:
                    self._end(self.orders[name], "canceled")

    def _end(self, order: Order, status: str) -> None:
        order.status, order.ended = status, self.now
        related = [*order.legs, *(self.orders[order.parent].legs if order.parent else [])]
        related += [other.id for other in self._oco_of(order)]
        for name in related:
            other = self.orders[name]
            if other.status in OPEN:
                other.status, other.ended = "canceled", self.now
        self.on_event(status, order, None)

    def _oco_of(self, order: Order) -> list[Order]:
        """The other half of an order of which one half cancels the other."""
        if order.order_class != "oco":
            return []
        names = [*order.legs, *([order.parent] if order.parent else [])]
        return [self.orders[name] for name in names if self.orders[name].status in OPEN]
