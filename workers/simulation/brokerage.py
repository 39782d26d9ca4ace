"""The broker's port of one process: the same questions as in production, with answers that fail, lag and repeat."""

from datetime import datetime

from domain.errors import OrderRefused, OutcomeUnknown, RateLimited, Transient
from domain.orders import Account, BrokerPosition, Fill, Order, OrderIntent, OrderStatus
from workers.simulation.exchange import Exchange, as_of
from workers.simulation.process import Process
from workers.simulation.watch import Watch

ANSWER_SECONDS = (0.05, 0.6)
TIMEOUT_SECONDS = 10.0
LATE_SECONDS = (5.0, 700.0)


class Brokerage:
    """Implements `domain.ports.Broker`."""

    name = "simulation"
    simulated = False

    def __init__(self, exchange: Exchange, process: Process, watch: Watch) -> None:
        self._exchange = exchange
        self._process = process
        self._watch = watch
        self._chance = process.world.stream(f"brokerage/{process.name}")

    def account(self) -> Account:
        """Tell the money."""
        self._ask("account")
        equity = self._exchange.cash
        return Account(
            account_id="simulation",
            paper=True,
            cash=self._exchange.cash,
            equity=equity,
            at=self._process.world.moment(),
        )

    def positions(self) -> tuple[BrokerPosition, ...]:
        """Tell the holdings."""
        self._ask("positions")
        held = self._exchange.held
        return tuple(BrokerPosition(symbol=name, quantity=held[name]) for name in sorted(held) if held[name])

    def submit(self, intent: OrderIntent) -> Order:
        """Send an order: it may arrive at once, later or never, and the answer may get lost."""
        process, world, chance = self._process, self._process.world, self._chance
        process.cross("submit, before the request leaves")
        self._watch.posting(intent)
        world.note(process.name, f"POST {intent.client_order_id} {intent.side.value} {intent.quantity} {intent.symbol}")
        if self._happens("rate_limited"):
            world.counted["429"] += 1
            process.cross("submit", chance.uniform(*ANSWER_SECONDS))
            raise RateLimited("429 too many requests", "send it again later")
        if self._happens("refused"):
            world.counted["refused (403)"] += 1
            process.cross("submit", chance.uniform(*ANSWER_SECONDS))
            raise OrderRefused("403 insufficient buying power")
        if self._happens("timeout_before"):
            self._lose("timeouts before", TIMEOUT_SECONDS)
        if self._happens("late_accept"):
            self._exchange.later(intent, chance.uniform(*LATE_SECONDS))
            self._lose("timeouts, accepted later", TIMEOUT_SECONDS)
        error = self._happens("server_error")
        if error and chance.random() < 0.5:  # noqa: PLR2004 - one half
            self._lose("5xx", chance.uniform(*ANSWER_SECONDS))
        travel = chance.uniform(*ANSWER_SECONDS)
        process.cross("submit, the request is under way", travel / 2.0)
        order = self._exchange.arrive(intent)
        process.cross("submit, accepted and not told", travel / 2.0)
        if error:
            self._lose("5xx", 0.0)
        if self._happens("timeout_after"):
            self._lose("timeouts after acceptance", TIMEOUT_SECONDS)
        if order.seen_from > world.now and order.intent is not intent:
            self._lose("duplicates that can't be seen", 0.0)
        if order.told.status is OrderStatus.REJECTED and not order.told.filled_quantity:
            raise OrderRefused(order.told.reason)
        return order.told

    def find(self, client_order_id: str) -> Order | None:
        """Look an order up; what it says may be some seconds old."""
        self._watch.looked_up(client_order_id)
        self._ask("lookup")
        order, now = self._exchange.orders.get(client_order_id), self._process.world.now
        if order is None or order.seen_from > now:
            return None
        if self._happens("shuffled"):
            return as_of(order, now - self._chance.uniform(0.0, 20.0)) or order.told
        return order.told

    def open_orders(self) -> tuple[Order, ...]:
        """List the orders that may still fill."""
        self._ask("open orders")
        return tuple(order.told for order in self._exchange.own() if not order.told.status.is_final)

    def cancel(self, client_order_id: str) -> None:
        """Ask for a cancellation, which takes its time."""
        self._ask("cancel")
        exchange = self._exchange
        self._process.world.counted["cancels"] += 1
        self._process.world.later(self._chance.uniform(0.05, 3.0), "exchange", lambda: exchange.cancel(client_order_id))

    def fills(self, since: datetime) -> tuple[Fill, ...]:
        """List executions; late ones, repeated ones and ones out of order among them."""
        self._ask("fills")
        exchange, now = self._exchange, self._process.world.now
        seen = [f for f in exchange.fills if f.at >= since and exchange.fills_seen_from[f.execution_id] <= now]
        if seen and self._happens("shuffled"):
            self._process.world.counted["news repeated or shuffled"] += 1
            seen = seen + self._chance.sample(seen, k=self._chance.randint(0, len(seen)))
            self._chance.shuffle(seen)
        return tuple(seen)

    def _ask(self, port: str) -> None:
        self._process.cross(port, self._chance.uniform(*ANSWER_SECONDS))
        if self._happens("lookup_failed"):
            self._process.world.counted["questions without an answer"] += 1
            raise Transient(f"no answer to {port}", "ask again")

    def _lose(self, why: str, seconds: float) -> None:
        self._process.world.counted[why] += 1
        self._process.cross("submit, no answer", seconds)
        self._process.world.note(self._process.name, f"no answer to the POST ({why})")
        raise OutcomeUnknown(f"no readable answer: {why}", "look its client order id up")

    def _happens(self, fault: str) -> bool:
        rate = self._process.swarm.rate(fault)
        return rate > 0.0 and self._chance.random() < rate
