"""The simulated broker: a cash account whose orders fill at a session's close, with spread, slippage and commission."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import structlog

from domain.errors import BadInput, NoData, OrderRefused
from domain.mandate import Mandate
from domain.orders import Account, BrokerPosition, Fill, Order, OrderIntent, OrderStatus
from domain.ports import Clock
from domain.proposal import OrderType
from domain.trade import Side
from tools.brokers import BROKERS
from tools.brokers._account_file import AccountFile
from tools.brokers._closes import Closes, closes_of_feed
from tools.brokers._costs import Costs, SimulatedBrokerSettings
from tools.brokers._faults import Fault, Faults, Scripted
from tools.brokers._ticket import Ticket, execution, executions

__all__ = ["Closes", "Costs", "Fault", "Faults", "Scripted", "SimulatedBroker", "SimulatedBrokerSettings"]

log: structlog.stdlib.BoundLogger = structlog.get_logger()


@BROKERS.register
class SimulatedBroker:
    """One portfolio's paper account, kept in the broker's own file.

    A market order of the clock's session is worked at once, at that session's close; so are limits and stops, and
    those that rest meet each further close when the clock has left its session behind. An account that exists keeps
    its money, whatever `starting_cash` says.
    """

    name = "simulated"
    simulated = True

    def __init__(
        self,
        path: Path,
        portfolio: str,
        starting_cash: Decimal,
        clock: Clock,
        closes: Closes,
        costs: Costs,
        faults: Faults | None = None,
        *,
        durable: bool = True,
    ) -> None:
        self._portfolio = portfolio
        self._clock = clock
        self._closes = closes
        self._costs = costs
        self._faults = faults or Faults()
        self._file = AccountFile(path, portfolio, starting_cash, durable=durable)

    @classmethod
    def connect(cls, home: Path, mandate: Mandate, clock: Clock, *, durable: bool = True) -> "SimulatedBroker":
        """Open the mandate's account in `home`, with costs from the environment and the closes of the feed.

        Raises:
            BadInput: a PM_SIM_ variable that can't be a cost.
        """
        cash, costs = Decimal(str(mandate.starting_cash)), SimulatedBrokerSettings.read()
        return cls(home / "broker.sqlite", mandate.name, cash, clock, closes_of_feed(), costs, durable=durable)

    @property
    def assumption(self) -> str:
        """Say in a sentence what this broker makes up."""
        return f"The broker is simulated: fills at the close, {self._costs.sentence}."

    def account(self) -> Account:
        """Tell the money; holdings count at the last close before the clock's session, in dollars."""
        with self._file.transaction():
            self._catch_up()
            cash = self._file.cash()
            worth = sum((held.quantity * self._last_close(held.symbol) for held in self._file.holdings()), Decimal(0))
        return Account(
            account_id=f"sim-{self._portfolio}",
            paper=True,
            cash=cash,
            equity=cash + worth,
            at=self._clock.now(),
            simulated=True,
        )

    def positions(self) -> tuple[BrokerPosition, ...]:
        """Tell the holdings, those of zero left out."""
        self._catch_up()
        return self._file.holdings()

    def submit(self, intent: OrderIntent) -> Order:
        """Take an order and work it at the close of its session.

        A client order id that was sent before trades nothing: the first order comes back as it stands now, also where
        `intent` asks for something else (its `reason` then says so), and a refused one is refused again.

        Raises:
            OrderRefused: not for this account, session, symbol or type, or not enough cash or shares.
            RateLimited: another process kept the file busy; not taken.
            OutcomeUnknown: only where a script of faults says so.
        """
        scripted = self._faults.take()
        self._faults.before(scripted, intent.client_order_id)
        with self._file.transaction():
            self._catch_up()
            asked = Ticket.of(intent, self._portfolio, self._clock.now())
            ticket = self._file.ticket(asked.client_order_id) or self._take(asked, intent.portfolio, scripted)
        self._faults.after(scripted, intent.client_order_id)
        if ticket.status is OrderStatus.REJECTED:
            raise OrderRefused(f"order {ticket.client_order_id} was refused: {ticket.reason}")
        if not ticket.asks_the_same_as(asked):
            log.warning("order_sent_again_with_other_terms", client_order_id=ticket.client_order_id)
            return ticket.told("this client order id was sent before with other terms; the first order stands")
        return ticket.told()

    def find(self, client_order_id: str) -> Order | None:
        """Look an order up, also a refused one; None when there is none."""
        if self._faults.hides(client_order_id):
            return None
        self._catch_up()
        ticket = self._file.ticket(client_order_id)
        return ticket.told() if ticket else None

    def open_orders(self) -> tuple[Order, ...]:
        """List the orders that may still fill, oldest first."""
        self._catch_up()
        return tuple(ticket.told() for ticket in self._file.open_tickets())

    def cancel(self, client_order_id: str) -> None:
        """Cancel what is left of an order; unknown and finished ones are ignored."""
        with self._file.transaction():
            self._catch_up()
            ticket = self._file.ticket(client_order_id)
            if ticket and not ticket.status.is_final:
                self._file.change(replace(ticket, status=OrderStatus.CANCELED, reason="cancelled on request"))

    def fills(self, since: datetime) -> tuple[Fill, ...]:
        """List executions at or after `since` (market time, aware), oldest first; each is stamped with its close."""
        if since.tzinfo is None:
            raise BadInput(f"since {since.isoformat()} has no time zone", "pass an aware datetime in UTC")
        self._catch_up()
        return self._file.fills(since)

    def deposit(self, amount: Decimal, key: str) -> None:
        """Take in `amount` dollars; the same `key` again moves nothing.

        Raises:
            BadInput: not a positive amount, or a key that moved something else.
        """
        self._move(amount, key)

    def withdraw(self, amount: Decimal, key: str) -> None:
        """Pay out `amount` dollars of what no open order may still spend; the same `key` again moves nothing.

        Raises:
            BadInput: not a positive amount, more than is free, or a key that moved something else.
        """
        self._move(amount, key, sign=-1)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _move(self, amount: Decimal, key: str, sign: int = 1) -> None:
        if not amount.is_finite() or amount <= 0:
            raise BadInput(f"{amount} is not an amount of money", "give dollars above zero")
        with self._file.transaction():
            self._catch_up()
            moved = self._file.moved(key)
            if moved is not None:
                if moved != sign * amount:
                    raise BadInput(f"key {key!r} has moved {moved} dollars already", "choose another key")
                return
            free = self._free_cash()
            if sign < 0 and amount > free:
                raise BadInput(f"the account has {free:.2f} dollars free, not {amount}", "withdraw less")
            self._file.move(key, sign * amount)

    def _free_cash(self) -> Decimal:
        held_back = (ticket.held_back(self._costs) for ticket in self._file.open_tickets())
        return self._file.cash() - sum(held_back, Decimal(0))

    def _take(self, ticket: Ticket, addressed_to: str, scripted: Scripted) -> Ticket:
        refusal = "by the script of faults" if scripted.fault is Fault.REJECT else self._refusal(ticket, addressed_to)
        if refusal:
            log.warning("order_refused", client_order_id=ticket.client_order_id, reason=refusal)
            refused = replace(ticket, status=OrderStatus.REJECTED, reason=refusal)
            self._file.enter(refused)
            return refused
        close = self._close(ticket.session, ticket.symbol)
        assert close is not None
        accepted = replace(ticket, worst_price=ticket.worst_at(close, self._costs))
        self._file.enter(accepted)
        return self._work(accepted, ticket.session)

    def _refusal(self, ticket: Ticket, addressed_to: str) -> str:
        if addressed_to != self._portfolio:
            return f"it belongs to portfolio {addressed_to}, this is the account of {self._portfolio}"
        if ticket.order_type is OrderType.BRACKET:
            return "this broker has no brackets; send the entry and its stop as two orders"
        if not ticket.is_whole:
            return f"whole shares only, not {ticket.quantity}"
        if ticket.missing_price:
            return f"a {ticket.order_type.value} order needs a {ticket.missing_price} above zero"
        return self._refusal_by_session(ticket) or self._refusal_by_means(ticket)

    def _refusal_by_session(self, ticket: Ticket) -> str:
        today = self._clock.session()
        if ticket.session < today:
            return f"session {ticket.session} is over; it is {today} now"
        if ticket.session > today:
            return f"session {ticket.session} has not begun; it is {today} now"
        if self._close(ticket.session, ticket.symbol) is None:
            return f"unknown symbol {ticket.symbol}: it has no close in session {ticket.session}"
        return ""

    def _refusal_by_means(self, ticket: Ticket) -> str:
        others = self._file.open_tickets()
        if ticket.side is Side.SELL:
            selling = sum((o.remaining for o in others if (o.symbol, o.side) == (ticket.symbol, Side.SELL)), Decimal(0))
            held = self._file.held(ticket.symbol)
            if ticket.quantity > held - selling:
                return f"not held: {ticket.quantity} {ticket.symbol} to sell, {held} held, {selling} being sold already"
            return ""
        close = self._close(ticket.session, ticket.symbol)
        assert close is not None
        cost = ticket.cost_of(ticket.quantity, ticket.worst_at(close, self._costs), self._costs)
        free = self._free_cash()
        if cost > free:
            return f"insufficient cash: {ticket.quantity} {ticket.symbol} may cost {cost:.2f}, {free:.2f} is free"
        return ""

    def _catch_up(self) -> None:
        today = self._clock.session()
        if not any(self._is_behind(ticket, today) for ticket in self._file.open_tickets()):
            return
        with self._file.transaction():
            resting = []
            for ticket in self._file.open_tickets():
                if ticket.good_till_cancelled:
                    resting.append(ticket)
                elif ticket.session < today:
                    self._file.change(
                        replace(ticket, status=OrderStatus.EXPIRED, reason=f"session {ticket.session} is over")
                    )
            first = min((ticket.worked_through for ticket in resting), default=today) + timedelta(days=1)
            for session in self._closes.sessions_between(first, today):
                for ticket in self._file.open_tickets():
                    if ticket.worked_through < session:
                        self._work(ticket, session)

    def _is_behind(self, ticket: Ticket, today: date) -> bool:
        if not ticket.good_till_cancelled:
            return ticket.session < today
        return bool(self._closes.sessions_between(ticket.worked_through + timedelta(days=1), today))

    def _work(self, ticket: Ticket, session: date) -> Ticket:
        close = self._close(session, ticket.symbol)
        ticket = ticket.seen(close, session)
        price = None if close is None else ticket.price_at(close, self._costs)
        if price is not None:
            for number, shares in enumerate(executions(self._room(ticket, price), price)):
                self._file.book(execution(self._portfolio, ticket, session, self._costs, number, shares, price))
                ticket = ticket.with_fill(shares, price)
                log.info("order_filled", symbol=ticket.symbol, shares=str(shares), price=str(price))
        self._file.change(ticket)
        return ticket

    def _room(self, ticket: Ticket, price: Decimal) -> Decimal:
        most = min(ticket.remaining, self._costs.most_at_one_close(price))
        if ticket.side is Side.SELL:
            return min(most, self._file.held(ticket.symbol))
        cash = self._file.cash()
        most = min(most, cash // price)
        while most > 0 and ticket.cost_of(most, price, self._costs) > cash:
            most -= max(Decimal(1), (ticket.cost_of(most, price, self._costs) - cash) // (2 * price))
        return most

    def _close(self, session: date, symbol: str) -> Decimal | None:
        close = self._closes.close(session, symbol)
        return None if close is None else Decimal(str(close))

    def _last_close(self, symbol: str) -> Decimal:
        today = self._clock.session()
        for session in reversed(self._closes.sessions_between(date.min, today)):
            close = self._close(session, symbol)
            if close is not None:
                return close
        raise NoData(f"{symbol} has no close before {today}", "start the account at a later session")
