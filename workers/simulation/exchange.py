"""The truth at the broker: which orders were accepted, what they filled, and the account they moved."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from domain.orders import Fill, Order, OrderIntent, OrderStatus
from domain.proposal import OrderType
from domain.trade import Side
from tools import trading_hours
from workers.simulation.faults import Swarm
from workers.simulation.feed import Market
from workers.simulation.world import World

FILLS_AFTER = (0.2, 4.0)
PIECES_OVER = 150.0
LIMIT_LOOKS = 30.0
CENT = Decimal("0.01")


@dataclass
class Accepted:
    """One order the broker has taken: `intent` is what was asked, `told` what it says, from `seen_from` on."""

    intent: OrderIntent
    told: Order
    seen_from: float
    history: list[tuple[float, Order]] = field(default_factory=list)

    @property
    def remaining(self) -> Decimal:
        """Units that may still fill."""
        return Decimal(0) if self.told.status.is_final else self.told.quantity - self.told.filled_quantity


class Exchange:
    """One paper account. Only it knows what is true; the desk asks through a `Brokerage`."""

    def __init__(self, world: World, swarm: Swarm, market: Market, cash: Decimal) -> None:
        self.world, self.swarm, self.market = world, swarm, market
        self.cash = cash
        self.held: dict[str, Decimal] = {}
        self.orders: dict[str, Accepted] = {}
        self.fills: list[Fill] = []
        self.fills_seen_from: dict[str, float] = {}
        self.by_hand: dict[str, Decimal] = {}
        self.cash_by_hand = Decimal(0)
        self.on_their_way: dict[int, OrderIntent] = {}
        self.version = 0
        self.on_news: Callable[[], None] = lambda: None
        self._chance = world.stream("exchange")
        self._number = 0

    def later(self, intent: OrderIntent, seconds: float) -> None:
        """Let an order arrive after `seconds`: until then nobody can know of it."""
        self._number += 1
        number = self._number
        self.on_their_way[number] = intent

        def arrives() -> None:
            del self.on_their_way[number]
            self.world.counted["late arrivals"] += 1
            self.arrive(intent)

        self.world.later(seconds, "exchange", arrives)

    def arrive(self, intent: OrderIntent) -> Accepted:
        """Take an order, unless its client id was taken before: then the first one stands (422, duplicate)."""
        known = self.orders.get(intent.client_order_id)
        if known is not None:
            self.world.counted["duplicates refused (422)"] += 1
            self.world.note("exchange", f"{intent.client_order_id} refused: duplicate id")
            return known
        self.version += 1
        self._number += 1
        hidden = self._chance.random() < self.swarm.rate("hidden")
        if hidden:
            self.world.counted["orders hidden at first"] += 1
        problem = self._refusal(intent)
        told = Order(
            client_order_id=intent.client_order_id,
            broker_order_id=f"b-{self._number}",
            symbol=intent.symbol,
            side=intent.side,
            quantity=intent.quantity,
            status=OrderStatus.REJECTED if problem else OrderStatus.ACCEPTED,
            order_type=intent.order_type,
            submitted_at=self.world.moment(),
            reason=problem,
        )
        seen_from = self.world.now + (self._chance.uniform(1.0, 20.0) if hidden else 0.0)
        order = self.orders[intent.client_order_id] = Accepted(intent, told, seen_from)
        order.history.append((self.world.now, told))
        said = f"rejected, {problem}" if problem else f"accepted {intent.side.value} {intent.quantity} {intent.symbol}"
        self.world.note("exchange", f"{intent.client_order_id} {said}")
        if not problem:
            self._plan_fills(order)
        return order

    def cancel(self, client_order_id: str) -> None:
        """Cancel what is left of an order, where there is anything left."""
        order = self.orders.get(client_order_id)
        if order is not None and not order.told.status.is_final:
            self._tell(order, status=OrderStatus.CANCELED, reason="cancelled on request")

    def trade_by_hand(self, symbol: str, units: Decimal) -> None:
        """Somebody trades at the broker's own page: no intent of ours, no client id of ours."""
        quote = self.market.quote(symbol, self.world.now)
        price = Decimal(str(quote.ask if units > 0 else quote.bid))
        held = self.held.get(symbol, Decimal(0))
        if held + units < 0 or units * price > self.cash or not self.is_open:
            return
        self.world.counted["trades by hand"] += 1
        self._move(symbol, units, price)
        self.by_hand[symbol] = self.by_hand.get(symbol, Decimal(0)) + units
        self.cash_by_hand -= units * price
        self.world.note("by hand", f"{units} {symbol} at {price}")

    def close_session(self) -> None:
        """End the day: what is open expires, what was queued stays for the morning."""
        for order in self.orders.values():
            if not order.told.status.is_final and not self._is_queued(order):
                self._tell(order, status=OrderStatus.EXPIRED, reason="the session is over")

    def open_session(self) -> None:
        """Begin a day: orders that arrived after the close begin to fill."""
        for order in self.orders.values():
            if not order.told.status.is_final:
                self._plan_fills(order)

    @property
    def is_open(self) -> bool:
        """Whether the exchange trades now."""
        day = self.world.moment().date()
        return trading_hours.opens_at(day) <= self.world.moment() < trading_hours.closes_at(day)

    def own(self) -> list[Accepted]:
        """Orders of the desk, in the order of their arrival."""
        return list(self.orders.values())

    def _is_queued(self, order: Accepted) -> bool:
        return order.told.submitted_at >= trading_hours.closes_at(order.told.submitted_at.date())

    def _refusal(self, intent: OrderIntent) -> str:
        if self._chance.random() < self.swarm.rate("refused") / 2.0:
            return "rejected after acceptance"
        if intent.side is Side.SELL:
            selling = sum(
                (
                    o.remaining
                    for o in self.orders.values()
                    if (o.told.symbol, o.told.side) == (intent.symbol, Side.SELL)
                ),
                Decimal(0),
            )
            if intent.quantity > self.held.get(intent.symbol, Decimal(0)) - selling:
                return "insufficient quantity available"
            return ""
        ask = Decimal(str(self.market.quote(intent.symbol, self.world.now).ask))
        buying = sum((o.remaining for o in self.orders.values() if o.told.side is Side.BUY), Decimal(0))
        return "insufficient buying power" if (intent.quantity + buying) * ask > self.cash * 4 else ""

    def _plan_fills(self, order: Accepted) -> None:
        if not self.is_open:
            return
        chance, left = self._chance, order.remaining
        whole = not chance.random() < self.swarm.rate("partial") or left < 2  # noqa: PLR2004 - pieces of one at least
        pieces = [left]
        if not whole:
            first = max(Decimal(1), (left * Decimal(str(round(chance.uniform(0.1, 0.8), 2)))).to_integral_value())
            pieces = [first, left - first] if left > first else [left]
            self.world.counted["partial fills"] += len(pieces) > 1
        wait = chance.uniform(*FILLS_AFTER)
        for piece in pieces:
            self.world.later(wait, "exchange", lambda piece=piece: self._fill(order, piece))  # type: ignore[misc]  # a bound default
            wait += chance.uniform(1.0, PIECES_OVER)

    def _fill(self, order: Accepted, units: Decimal) -> None:
        if order.told.status.is_final or not self.is_open:
            return
        quote = self.market.quote(order.told.symbol, self.world.now)
        buys = order.told.side is Side.BUY
        price = Decimal(str(quote.ask if buys else quote.bid))
        limit = order.intent.limit_price
        if (
            order.told.order_type is OrderType.LIMIT
            and limit is not None
            and (price > limit if buys else price < limit)
        ):
            self.world.later(LIMIT_LOOKS, "exchange", lambda: self._fill(order, units))
            return
        units = min(units, order.remaining)
        self._number += 1
        fill = Fill(
            execution_id=f"x-{self._number}",
            client_order_id=order.told.client_order_id,
            symbol=order.told.symbol,
            side=order.told.side,
            quantity=units,
            price=price,
            at=self.world.moment(),
            session=self.world.moment().date(),
        )
        self._move(fill.symbol, units if buys else -units, price)
        self.fills.append(fill)
        late = self._chance.random() < self.swarm.rate("shuffled")
        self.fills_seen_from[fill.execution_id] = self.world.now + (self._chance.uniform(1.0, 25.0) if late else 0.0)
        filled = order.told.filled_quantity + units
        done = filled >= order.told.quantity
        self._tell(
            order,
            filled_quantity=filled,
            status=OrderStatus.FILLED if done else OrderStatus.PARTIAL,
            average_price=price,
        )
        self.world.note("exchange", f"{fill.client_order_id} filled {units} {fill.symbol} at {price}")

    def _move(self, symbol: str, units: Decimal, price: Decimal) -> None:
        self.version += 1
        self.cash -= units * price
        self.held[symbol] = self.held.get(symbol, Decimal(0)) + units

    def _tell(self, order: Accepted, **changes: object) -> None:
        self.version += 1
        order.told = order.told.model_copy(update=changes)
        order.history.append((self.world.now, order.told))
        if self._chance.random() < self.swarm.rate("hint_lost"):
            self.world.counted["events of the stream lost"] += 1
            return
        self.on_news()


def as_of(order: Accepted, second: float) -> Order | None:
    """What the broker said of an order at an earlier second."""
    return next((told for at, told in reversed(order.history) if at <= second), None)
