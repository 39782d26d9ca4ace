"""A desk that trades at the Alpaca stand-in over real HTTP, under the policy as shipped, on the stand-in's clock."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from domain.market import EventCalendar
from domain.orders import IntentState
from graph import execution
from tests.graph.conftest import demo_mandate, open_desk
from tests.standins.alpaca.account import OPEN
from tests.standins.alpaca.rig import alpaca_here, clock_of, hurry
from tools.alpaca_api import AlpacaSettings
from tools.brokers.alpaca import AlpacaBroker
from tools.live_market import LiveMarket
from tools.market_data.alpaca import AlpacaFeed


class QuietCalendar:
    """A fresh calendar of events in which nothing happens."""

    name = "quiet"

    def calendar(self, symbols, since, until):
        fetched = since + timedelta(days=1)
        return EventCalendar(covers=("fomc", "cpi", "jobs", "earnings"), fetched_at=fetched)


class AlpacaDesk:
    """What the tests of faults need: the desk, the stand-in, and one way to let time pass."""

    def __init__(self, desk, alpaca, restart) -> None:
        self.desk, self.alpaca = desk, alpaca
        self._restart = restart

    def __getattr__(self, name):
        return getattr(self.desk, name)

    def start_again(self) -> None:
        """Forget all that a process knows, as a restart does."""
        self._restart(self.desk)

    def buy_aapl(self, **fields):
        """Propose to buy; one proposal, moved as far as it goes."""
        (record,) = self.desk.propose(self.desk.buy("AAPL", **fields))
        return record

    def wait(self, seconds: float, step: float = 10.0) -> None:
        """Let time pass, with a reconcile every ten seconds, as the scheduler has it."""
        end = self.alpaca.account.now + timedelta(seconds=seconds)
        while self.alpaca.account.now < end:
            self.alpaca.set_now(min(end, self.alpaca.account.now + timedelta(seconds=step)))
            execution.reconcile(self.desk.ctx)

    def jump(self, moment) -> None:
        """Go to a later moment at once, then reconcile."""
        self.alpaca.set_now(moment)
        execution.reconcile(self.desk.ctx)

    def intent(self, record):
        (intent,) = [i for i in self.desk.ledger.intents("demo", proposal_id=record.id) if not i.protects]
        return intent

    def legs(self):
        """The intents that protect a holding by themselves, oldest first."""
        return [intent for intent in self.desk.ledger.intents("demo") if intent.protects]

    def resting(self, symbol="AAPL"):
        """What rests at the stand-in to sell a holding on its plan: (type, units, price) of each leg."""
        account = self.alpaca.account
        found = [o for o in account.orders.values() if o.symbol == symbol and o.status in OPEN and account._lives(o)]
        legs = [o for o in found if o.parent or o.client_order_id.startswith("pm-legs-")]
        return sorted((o.type, o.quantity - o.filled, o.stop or o.limit) for o in legs)

    def held(self, symbol="AAPL"):
        return self.alpaca.account.held(symbol)

    def state(self, record) -> IntentState:
        return self.intent(record).state

    def orders_of(self, record):
        """The stand-in's orders under the name of this proposal's."""
        name = self.intent(record).client_order_id
        return [order for order in self.alpaca.account.orders.values() if order.client_order_id == name]

    def agrees(self) -> bool:
        """Whether book and broker are equal: holdings, cash to the cent, nothing undecided, no difference noted."""
        ledger = self.desk.ledger
        open_intents = ledger.intents("demo", open_only=True)
        undecided = {IntentState.SUBMITTING, IntentState.UNKNOWN, IntentState.QUARANTINED}
        book = self.book_now()
        held = {symbol: position.quantity for symbol, position in book.positions.items()}
        theirs = {symbol: float(quantity) for symbol, (quantity, _) in self.alpaca.account.positions.items()}
        return (
            held == theirs
            and abs(book.cash - float(self.alpaca.account.cash)) < 0.01
            and not any(intent.state in undecided for intent in open_intents)
            and ledger.mismatches("demo") == ()
        )

    def book_now(self):
        """The book at the stand-in's prices."""
        return self.desk.ledger.book("demo", self.desk.clock.session(), self._prices())

    def _prices(self):
        return {s: float(self.alpaca.account.price(s)) for s in self.desk.mandate.universe}


def _connect(desk):
    broker = AlpacaBroker(AlpacaSettings.read(), desk.clock)
    hurry(broker)
    desk.feed._broker = broker
    desk.ctx = replace(desk.ctx, broker=broker)
    desk.runner.ctx = desk.ctx


@contextmanager
def alpaca_desk(monkeypatch, home, **options):
    monkeypatch.setattr("tools.market_data.alpaca.WINDOW", 300)  # enough for every rule, and quick
    with alpaca_here(monkeypatch, **options) as alpaca:
        clock, mandate = clock_of(alpaca), demo_mandate()
        market = LiveMarket(AlpacaFeed(), clock, tuple(mandate.universe), events=(QuietCalendar(),))
        session = clock.session()
        with open_desk(home, session=session, mandate=mandate, feed=market, clock=clock, recorded=False) as desk:
            _connect(desk)
            yield AlpacaDesk(desk, alpaca, _connect)
