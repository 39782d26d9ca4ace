"""A broker that keeps stops itself: its executions reach the books, and an exit never sells what a stop has sold."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from domain.orders import BrokerPosition, Fill, IntentState
from domain.ports import Bracketing
from domain.proposal import Origin
from domain.trade import ExitKind, Side
from graph import execution
from graph.batches import Draft, add_proposals
from graph.control import kill
from graph.exits import closing
from graph.views import market_now
from tests.graph.conftest import proposal


class BracketBroker:
    """The desk's simulated broker, with stops that rest as legs and are executed when the test says so."""

    name = "brackets"

    def __init__(self, broker, clock):
        self._broker, self._clock = broker, clock
        self.legs, self.executed, self.sent, self.stubborn = {}, [], [], False

    def __getattr__(self, name):
        return getattr(self._broker, name)

    def account(self):
        account = self._broker.account()
        gained = sum((fill.quantity * fill.price for fill in self.executed), Decimal(0))
        return account.model_copy(update={"brackets": True, "cash": account.cash + gained})

    def positions(self):
        sold = {fill.symbol: fill.quantity for fill in self.executed}
        held = {p.symbol: p.quantity - sold.get(p.symbol, 0) for p in self._broker.positions()}
        return tuple(BrokerPosition(symbol=symbol, quantity=left) for symbol, left in held.items() if left)

    def submit(self, intent):
        self.sent.append(intent)
        if intent.plan_stop is not None:
            self.legs[intent.symbol] = intent
        return self._broker.submit(intent)

    def fills(self, since):
        return tuple(sorted((*self._broker.fills(since), *self.executed), key=lambda fill: fill.at))

    def has_legs(self, symbol):
        return symbol in self.legs

    def cancel_legs(self, symbol):
        if not self.stubborn:
            self.legs.pop(symbol, None)
        return symbol not in self.legs

    def hit(self, symbol):
        entry = self.legs.pop(symbol)
        told = {"execution_id": f"leg-{symbol}", "client_order_id": entry.client_order_id, "leg": ExitKind.STOP}
        sale = {"symbol": symbol, "side": Side.SELL, "quantity": entry.quantity, "price": entry.plan_stop}
        now = self._broker.fills(entry.created_at)[-1].at
        self.executed.append(Fill(**told, **sale, at=now, session=self._clock.session()))


@pytest.fixture
def bracket_desk(desk):
    desk.brackets = BracketBroker(desk.broker, desk.clock)
    desk.runner.ctx = desk.ctx = replace(desk.ctx, broker=desk.brackets)
    return desk


def sell_all(desk, symbol="AAPL"):
    return desk.runner.propose([proposal(symbol, action="SELL", position_size_pct=1.0)], Origin.PERSON)[0]


def test_an_entry_carries_the_stop_of_its_plan_and_an_exit_none(bracket_desk):
    (bought,) = bracket_desk.propose(bracket_desk.buy("AAPL"))
    sell_all(bracket_desk)

    entry, sale = bracket_desk.brackets.sent

    assert isinstance(bracket_desk.brackets, Bracketing)
    assert float(entry.plan_stop) == pytest.approx(bought.trade.plan.stop_price)
    assert (entry.stop_price, entry.plan_target, sale.plan_stop) == (None, None, None)
    assert bracket_desk.ledger.intent(entry.client_order_id).plan_stop == entry.plan_stop


def test_a_stop_that_the_broker_executed_closes_the_position_once(bracket_desk):
    (bought,) = bracket_desk.propose(bracket_desk.buy("AAPL"))
    bracket_desk.brackets.hit("AAPL")

    for _ in range(3):
        execution.reconcile(bracket_desk.ctx)

    book = bracket_desk.book()
    assert book.positions == {}
    assert book.stopped_out == ("AAPL",)
    assert bracket_desk.ledger.mismatches("demo") == ()
    assert bracket_desk.record(bought.id).filled_quantity == bought.filled_quantity
    assert float(bracket_desk.brackets.account().cash) == pytest.approx(book.cash)


def test_an_exit_is_sent_once_the_legs_are_gone(bracket_desk):
    bracket_desk.propose(bracket_desk.buy("AAPL"))
    bracket_desk.brackets.stubborn = True
    record = sell_all(bracket_desk)
    (waiting,) = bracket_desk.ledger.intents("demo", proposal_id=record.id)
    bracket_desk.brackets.stubborn = False

    execution.reconcile(bracket_desk.ctx)

    assert (waiting.state, "legs" in waiting.problem) == (IntentState.PENDING, True)
    assert bracket_desk.book().positions == {}


def test_an_exit_that_comes_after_the_stop_sells_nothing(bracket_desk):
    bracket_desk.propose(bracket_desk.buy("AAPL"))
    book, market = bracket_desk.book(), market_now(bracket_desk.ctx)
    sale = closing(book.positions["AAPL"], market.price("AAPL"), book.equity, "enough")
    bracket_desk.brackets.hit("AAPL")
    (record,) = _without_booking(bracket_desk, sale)

    assert bracket_desk.record(record.id).status.value == "rejected"
    assert "executed first" in bracket_desk.record(record.id).problem
    assert bracket_desk.book().positions == {}


@pytest.mark.parametrize("state", ["HALTED", "ACTIVE"])
def test_after_a_partial_exit_the_monitor_s_stop_protects_the_rest_also_when_halted(bracket_desk, state):
    bracket_desk.propose(bracket_desk.buy("AAPL"))
    bracket_desk.propose(proposal("AAPL", action="SELL", position_size_pct=0.02))
    left = bracket_desk.book().held("AAPL")
    assert (left > 0, bracket_desk.brackets.legs) == (True, {})
    if state == "HALTED":
        kill(bracket_desk.ctx, "ann", "a test")

    record = _stop_out(bracket_desk)

    assert record.filled_quantity == left
    assert bracket_desk.book().positions == {}


def test_while_a_stop_rests_at_the_broker_a_halted_desk_leaves_the_exit_to_it(bracket_desk):
    bracket_desk.propose(bracket_desk.buy("AAPL"))
    kill(bracket_desk.ctx, "ann", "a test")

    record = _stop_out(bracket_desk)

    assert (record.filled_quantity, "HALTED" in record.problem) == (0, True)
    assert set(bracket_desk.brackets.legs) == {"AAPL"}


def test_what_is_added_to_a_bracketed_position_brings_legs_of_its_own_and_one_exit_ends_them_all(bracket_desk):
    """The position's plan is that of the newest entry; every unit has a leg until all leave as one."""
    (first,) = bracket_desk.propose(bracket_desk.buy("AAPL", 0.03))
    bracket_desk.move_to(date(2017, 5, 30))
    (second,) = bracket_desk.propose(bracket_desk.buy("AAPL", 0.02))

    entries = bracket_desk.ledger.bracketed("demo")
    plan = bracket_desk.book().positions["AAPL"].plan
    sell_all(bracket_desk)

    assert sum(e.quantity for e in entries) == first.filled_quantity + second.filled_quantity
    assert all(entry.plan_stop is not None for entry in entries)
    assert plan.stop_price == pytest.approx(second.trade.plan.stop_price)
    assert (bracket_desk.brackets.legs, bracket_desk.book().positions) == ({}, {})


def _stop_out(desk):
    """Let the monitor propose what it would at a price below the stop."""
    book, market = desk.book(), market_now(desk.ctx)
    sale = closing(book.positions["AAPL"], market.price("AAPL"), book.equity, "Stop was reached")
    (record,) = add_proposals(desk.ctx, "stop", None, market, [Draft(Origin.MONITOR, sale, ExitKind.STOP)])
    desk.runner.settle()
    return desk.record(record.id)


def _without_booking(desk, sale):
    """Propose as `runner.propose` does, but without the reconcile in front that would have seen the stop."""
    stored = add_proposals(desk.ctx, "late", None, market_now(desk.ctx), [Draft(Origin.PERSON, sale)])
    desk.runner.settle()
    return stored
