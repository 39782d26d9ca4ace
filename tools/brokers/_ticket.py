"""An order as the simulated broker keeps it, and what a close does to it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from domain.ids import short_id
from domain.orders import Fill, Order, OrderIntent, OrderStatus
from domain.proposal import OrderType
from domain.trade import Side
from tools import trading_hours
from tools.brokers._costs import MICRO, Costs

EXECUTION_NOTIONAL = Decimal(100_000)
"""Larger fills are reported as several executions of at most this many dollars."""
LIMITS = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT})
STOPS = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One order of one account.

    `worked_through` is the last session whose close it has seen, `triggered` whether its stop has been touched,
    `worst_price` the dollars a share that the account keeps aside for it, `paid` the notional of its executions.
    """

    portfolio: str
    client_order_id: str
    symbol: str
    side: Side
    quantity: Decimal
    order_type: OrderType
    limit_price: Decimal | None
    stop_price: Decimal | None
    good_till_cancelled: bool
    session: date
    worked_through: date
    submitted_at: datetime
    triggered: bool = False
    worst_price: Decimal = Decimal(0)
    filled: Decimal = Decimal(0)
    paid: Decimal = Decimal(0)
    status: OrderStatus = OrderStatus.ACCEPTED
    reason: str = ""

    @classmethod
    def of(cls, intent: OrderIntent, portfolio: str, submitted_at: datetime) -> "Ticket":
        """Open a ticket.

        Stops, and limits that reduce a position, rest until they fill or are cancelled; the rest is for the day.
        """
        return cls(
            portfolio=portfolio,
            client_order_id=intent.client_order_id,
            symbol=intent.symbol,
            side=intent.side,
            quantity=intent.quantity.to_integral_value() if _is_whole(intent.quantity) else intent.quantity,
            order_type=intent.order_type,
            limit_price=intent.limit_price,
            stop_price=intent.stop_price,
            good_till_cancelled=intent.order_type in STOPS or (intent.order_type is OrderType.LIMIT and intent.reduces),
            session=intent.session,
            worked_through=intent.session,
            submitted_at=submitted_at,
        )

    @property
    def remaining(self) -> Decimal:
        """Shares not filled yet."""
        return self.quantity - self.filled

    @property
    def is_whole(self) -> bool:
        """Whether it asks for whole shares."""
        return _is_whole(self.quantity)

    @property
    def missing_price(self) -> str:
        """Name the price that its type needs and that is absent or not positive; empty when there is none."""
        if self.order_type in LIMITS and not (self.limit_price and self.limit_price > 0):
            return "limit_price"
        if self.order_type in STOPS and not (self.stop_price and self.stop_price > 0):
            return "stop_price"
        return ""

    @property
    def broker_order_id(self) -> str:
        """Our own name for it."""
        return f"sim-{short_id(self.portfolio, self.client_order_id)}"

    def asks_the_same_as(self, other: "Ticket") -> bool:
        """Whether both would trade the same."""
        return all(
            getattr(self, name) == getattr(other, name)
            for name in ("symbol", "side", "quantity", "order_type", "limit_price", "stop_price")
        )

    def seen(self, close: Decimal | None, session: date) -> "Ticket":
        """Note that it has met the close of `session`, and whether that touched its stop."""
        touched = self.triggered or self.order_type not in STOPS or (close is not None and _touches(self, close))
        return replace(self, worked_through=session, triggered=touched)

    def price_at(self, close: Decimal, costs: Costs) -> Decimal | None:
        """Tell the price a share at which this close fills it, in dollars; None when it does not."""
        if not self.triggered:
            return None
        price = costs.price(close, self.side)
        if self.order_type not in LIMITS or self.limit_price is None:
            return price
        if self.side is Side.BUY:
            limit = self.limit_price.quantize(MICRO, ROUND_FLOOR)
            return min(price, limit) if close <= limit else None
        limit = self.limit_price.quantize(MICRO, ROUND_CEILING)
        return max(price, limit) if close >= limit else None

    def worst_at(self, close: Decimal, costs: Costs) -> Decimal:
        """Tell the dollars a share to keep aside for it, seeing this close: its limit where it has one."""
        if self.order_type in LIMITS and self.limit_price is not None:
            return self.limit_price
        return costs.price(max(close, self.stop_price or close), self.side)

    def with_fill(self, shares: Decimal, price: Decimal) -> "Ticket":
        """The ticket after an execution."""
        filled = self.filled + shares
        status = OrderStatus.FILLED if filled == self.quantity else OrderStatus.PARTIAL
        return replace(self, filled=filled, paid=self.paid + shares * price, status=status)

    def held_back(self, costs: Costs) -> Decimal:
        """Dollars that what is left of a purchase may still cost at worst."""
        if self.side is Side.SELL:
            return Decimal(0)
        return self.cost_of(self.remaining, self.worst_price, costs)

    def cost_of(self, shares: Decimal, price: Decimal, costs: Costs) -> Decimal:
        """Dollars that buying `shares` more at `price` takes, commission included."""
        return shares * price + self.commission_of(shares, price, costs)

    def commission_of(self, shares: Decimal, price: Decimal, costs: Costs) -> Decimal:
        """Dollars of commission that `shares` more at `price` add to the order's commission so far."""
        after = costs.commission(self.filled + shares, self.paid + shares * price)
        return after - costs.commission(self.filled, self.paid)

    def told(self, note: str = "") -> Order:
        """The order as the port tells it."""
        return Order(
            client_order_id=self.client_order_id,
            broker_order_id=self.broker_order_id,
            symbol=self.symbol,
            side=self.side,
            quantity=self.quantity,
            filled_quantity=self.filled,
            average_price=(self.paid / self.filled).quantize(MICRO) if self.filled else None,
            status=self.status,
            order_type=self.order_type,
            submitted_at=self.submitted_at,
            reason=note or self.reason,
        )


def executions(shares: Decimal, price: Decimal) -> Iterator[Decimal]:
    """Cut a fill into executions of whole shares, each worth at most `EXECUTION_NOTIONAL` dollars or one share."""
    largest = max(EXECUTION_NOTIONAL // price, Decimal(1))
    while shares > 0:
        piece = min(shares, largest)
        yield piece
        shares -= piece


def _is_whole(quantity: Decimal) -> bool:
    return quantity == quantity.to_integral_value()


def _touches(ticket: Ticket, close: Decimal) -> bool:
    assert ticket.stop_price is not None
    return close >= ticket.stop_price if ticket.side is Side.BUY else close <= ticket.stop_price


def execution(
    portfolio: str, ticket: Ticket, session: date, costs: Costs, number: int, shares: Decimal, price: Decimal
) -> Fill:
    """Write down one execution of a ticket at a session's close; the same one always has the same id."""
    return Fill(
        execution_id=f"sim-{short_id(portfolio, ticket.client_order_id, session.isoformat(), number)}",
        client_order_id=ticket.client_order_id,
        symbol=ticket.symbol,
        side=ticket.side,
        quantity=shares,
        price=price,
        commission=ticket.commission_of(shares, price, costs),
        at=trading_hours.closes_at(session),
        session=session,
    )
