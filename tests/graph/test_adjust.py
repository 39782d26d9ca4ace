"""Splits told by the broker and trades made there by hand reach the book by themselves; the rest takes a person."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from domain.adjustment import AdjustmentKind, CorporateAction
from domain.errors import BadInput, RateLimited
from domain.orders import BrokerPosition, Fill
from domain.records import FlowKind
from domain.trade import ExitKind, Side
from graph import execution
from graph.adjust import accept, carry_through, catch_up
from graph.exits import due_exits
from graph.views import market_now
from quant.moments import mean_abs_move

NEXT = date(2017, 5, 30)
SPLIT = CorporateAction(key="s", kind=AdjustmentKind.SPLIT, symbol="AAPL", new_units=2, effective=NEXT)


class OtherBroker:
    """The desk's simulated broker, where splits happen and a person trades by hand."""

    def __init__(self, broker):
        self._broker = broker
        self.by_hand, self.factor, self.actions, self.cash, self.silent = [], {}, [], Decimal(0), False

    def __getattr__(self, name):
        return getattr(self._broker, name)

    def account(self):
        account = self._broker.account()
        paid = sum((f.quantity * f.price * (1 if f.side is Side.SELL else -1) for f in self.by_hand), self.cash)
        return account.model_copy(update={"cash": account.cash + paid})

    def positions(self):
        held = {p.symbol: p.quantity * self.factor.get(p.symbol, 1) for p in self._broker.positions()}
        for fill in self.by_hand:
            held[fill.symbol] = held.get(fill.symbol, 0) + fill.quantity * (1 if fill.side is Side.BUY else -1)
        return tuple(BrokerPosition(symbol=symbol, quantity=left) for symbol, left in held.items() if left)

    def fills(self, since):
        return (*self._broker.fills(since), *self.by_hand)

    def corporate_actions(self, symbols, since):
        if self.silent:
            raise RateLimited("not now")
        return tuple(a for a in self.actions if a.symbol in symbols and a.effective >= since)


@pytest.fixture
def other_desk(desk):
    desk.other = OtherBroker(desk.broker)
    desk.runner.ctx = desk.ctx = replace(desk.ctx, broker=desk.other)
    return desk


def held(desk):
    return {symbol: position.quantity for symbol, position in desk.book().positions.items()}


def by_hand(desk, symbol="MSFT", quantity=3, side=Side.BUY):
    price = Decimal(str(round(market_now(desk.ctx).price(symbol), 2)))
    told = {"execution_id": f"hand-{symbol}", "client_order_id": "by-hand", "symbol": symbol, "side": side}
    now = desk.clock.now()
    fill = Fill(**told, quantity=Decimal(quantity), price=price, at=now, session=desk.clock.session())
    desk.other.by_hand.append(fill)
    return price


def test_a_split_that_the_broker_tells_is_applied_before_anything_is_compared(other_desk):
    other_desk.propose(other_desk.buy("AAPL"))
    before = held(other_desk)["AAPL"]
    stop = other_desk.book().positions["AAPL"].plan.stop_price
    other_desk.move_to(NEXT)
    other_desk.other.factor, other_desk.other.actions = {"AAPL": 2}, [SPLIT]

    other_desk.runner.enter()
    other_desk.runner.enter()

    assert held(other_desk)["AAPL"] == 2 * before
    assert other_desk.book().positions["AAPL"].plan.stop_price == pytest.approx(stop / 2, abs=1e-4)
    assert other_desk.ledger.mismatches("demo") == ()


def test_a_split_that_nobody_told_blocks_until_it_is_applied_by_hand(other_desk):
    other_desk.propose(other_desk.buy("AAPL"))
    other_desk.move_to(NEXT)
    other_desk.other.factor, other_desk.other.silent = {"AAPL": 2}, True
    other_desk.runner.enter()
    (refused,) = other_desk.propose(other_desk.buy("MSFT"))

    carry_through(other_desk.ctx, SPLIT, "ann")
    (accepted,) = other_desk.propose(other_desk.buy("XOM"))

    assert "reconciled_book" in refused.verdict.breached
    assert "reconciled_book" not in accepted.verdict.breached


def test_actions_of_the_future_and_of_strange_symbols_wait(other_desk):
    other_desk.propose(other_desk.buy("AAPL"))
    other_desk.other.actions = [SPLIT, SPLIT.model_copy(update={"symbol": "MSFT", "key": "m"})]
    rename = CorporateAction(
        key="r", kind=AdjustmentKind.RENAME, symbol="AAPL", new_symbol="NEWCO", effective=other_desk.clock.session()
    )

    assert catch_up(other_desk.ctx) == ()
    with pytest.raises(BadInput, match="after session"):
        carry_through(other_desk.ctx, SPLIT, "ann")
    with pytest.raises(BadInput, match="NEWCO is not in the mandate"):
        carry_through(other_desk.ctx, rename, "ann")


def test_with_nothing_held_nobody_is_asked(other_desk):
    other_desk.other.silent = True

    assert catch_up(other_desk.ctx) == ()


def test_a_trade_by_hand_is_adopted_and_blocks_nothing(other_desk):
    by_hand(other_desk)

    for _ in range(3):
        execution.reconcile(other_desk.ctx)

    assert held(other_desk) == {"MSFT": 3.0}
    assert other_desk.ledger.mismatches("demo") == ()
    assert float(other_desk.other.account().cash) == pytest.approx(other_desk.book().cash)


def test_what_no_execution_explains_blocks_until_a_person_accepts_it(other_desk):
    other_desk.other.cash = Decimal(-5)
    for _ in range(2):
        execution.reconcile(other_desk.ctx)
    blocked = other_desk.book().mismatches

    (taken,) = accept(other_desk.ctx, ["CASH"], "ann", "a fee")

    assert (blocked, taken.cash, other_desk.book().mismatches) == (1, -5, 0)
    assert other_desk.book().unit_value < 1.0


def test_money_from_outside_is_accepted_as_a_flow_and_moves_no_unit_value(other_desk):
    other_desk.other.cash = Decimal(5000)
    execution.reconcile(other_desk.ctx)

    accept(other_desk.ctx, ["CASH"], "ann", "paid in", as_flow=True)
    execution.reconcile(other_desk.ctx)

    assert other_desk.book().unit_value == pytest.approx(1.0)
    assert [flow.kind for flow in other_desk.ledger.flows("demo")][-1] is FlowKind.DEPOSIT
    assert other_desk.ledger.mismatches("demo") == ()


def test_only_what_differs_and_can_be_priced_is_accepted(other_desk):
    other_desk.other.factor = {}
    by_hand(other_desk)
    other_desk.other.by_hand[0] = other_desk.other.by_hand[0].model_copy(update={"symbol": "NEWCO"})
    execution.reconcile(other_desk.ctx)

    with pytest.raises(BadInput, match="NEWCO is not in the mandate"):
        accept(other_desk.ctx, ["NEWCO"], "ann", "mine")
    with pytest.raises(BadInput, match="AAPL does not differ"):
        accept(other_desk.ctx, ["AAPL"], "ann", "mine")


def test_what_was_bought_by_hand_gets_a_stop_outside_the_noise_and_a_horizon(other_desk):
    by_hand(other_desk)
    other_desk.runner.enter()
    market = market_now(other_desk.ctx)

    plan = other_desk.book().positions["MSFT"].plan

    noise = 2.5 * float(mean_abs_move(np.asarray(market.history["MSFT"].closes)))
    assert plan.stop_distance == pytest.approx(noise)
    assert plan.stop_price == pytest.approx(market.price("MSFT") * (1 - noise), abs=1e-3)
    assert plan.horizon == other_desk.clock.session() + timedelta(days=30)
    (told,) = [one for one in other_desk.ledger.adjustments("demo") if one.kind is AdjustmentKind.PLAN]
    assert told.reason.startswith("nobody proposed it: stop at")


def test_it_leaves_at_its_horizon_and_its_plan_never_moves(other_desk):
    by_hand(other_desk)
    other_desk.runner.enter()
    plan = other_desk.book().positions["MSFT"].plan
    other_desk.move_to(date(2017, 6, 26))

    other_desk.runner.enter()

    assert other_desk.book().positions["MSFT"].plan == plan
    (due,) = due_exits(other_desk.book(), market_now(other_desk.ctx))
    assert (due.proposal.symbol, due.kind) == ("MSFT", ExitKind.HORIZON)


def test_a_split_carries_the_plan_of_what_nobody_proposed(other_desk):
    by_hand(other_desk)
    other_desk.runner.enter()
    stop = other_desk.book().positions["MSFT"].plan.stop_price
    other_desk.move_to(NEXT)

    carry_through(other_desk.ctx, SPLIT.model_copy(update={"symbol": "MSFT"}), "ann")

    assert other_desk.book().positions["MSFT"].plan.stop_price == pytest.approx(stop / 2, abs=1e-4)
