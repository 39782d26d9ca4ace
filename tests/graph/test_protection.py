"""Legs at Alpaca follow the holding as one plan: whatever fails or dies in between, never more than is held."""

import random
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from domain.orders import IntentState
from domain.trade import ExitKind
from graph import execution
from graph.control import kill
from graph.exits import due_exits
from graph.views import market_now
from tests.graph.alpaca_desk import alpaca_desk
from tests.standins.alpaca import hours

NEXT_DAY = datetime(2022, 11, 23, 15, 0, tzinfo=UTC)
CLOSED = datetime(2022, 11, 22, 21, 1, tzinfo=UTC)


class Killed(BaseException):
    """The process is gone at this point."""


@pytest.fixture
def desk(monkeypatch, tmp_path):
    with alpaca_desk(monkeypatch, tmp_path / "home") as made:
        watch(made.alpaca.account)
        yield made
        assert made.alpaca.account.oversold == []


def watch(account):
    """Note every moment at which more rests to be sold than is held: an execution then would open a short position."""
    account.oversold = []
    tell = account.on_event

    def look(event, order, execution):
        tell(event, order, execution)
        for symbol in {o.symbol for o in account.orders.values()}:
            if account.available(symbol) < 0:
                account.oversold.append((event, symbol, account.held(symbol), account.available(symbol)))

    account.on_event = look


def sell_some(desk, share=0.02, **fields):
    (sale,) = desk.propose(desk.buy("AAPL", share, action="SELL", **fields))
    return sale


def stops(desk):
    return sum(quantity for kind, quantity, _ in desk.resting() if kind == "stop")


def alerts(desk):
    return [item.payload["kind"] for item in desk.ledger.claim_outbox(["alert"], desk.clock.wall())]


def spoil_legs(monkeypatch, desk, kind, **how):
    """Let the next request that sends legs by themselves go wrong, once."""
    before_legs(monkeypatch, desk, lambda: desk.alpaca.go_wrong(kind, **how))


def test_after_a_partial_exit_the_rest_has_its_stop_again_at_once(desk):
    bought = desk.buy_aapl()
    sale = sell_some(desk)

    (legs,) = desk.legs()
    plan = desk.book_now().positions["AAPL"].plan

    assert 0 < desk.held() < bought.quantity
    assert desk.state(sale) is IntentState.DONE
    assert desk.resting() == [("stop", desk.held(), Decimal(str(round(plan.stop_price, 2))))]
    assert (legs.quantity, legs.proposal_id, legs.state) == (desk.held(), bought.id, IntentState.OPEN)
    assert desk.book_now().being_sold("AAPL") == 0
    assert desk.agrees()


def test_a_stop_that_was_sent_by_itself_closes_the_position_once(desk):
    bought = desk.buy_aapl()
    sell_some(desk)
    left = desk.held()
    desk.alpaca.market.set_prices["AAPL"] = Decimal("120.00")

    desk.wait(30)

    (legs,) = desk.legs()
    sold = [fill for fill in desk.ledger.fills_of(bought.id) if fill.leg is ExitKind.STOP]
    assert [(fill.quantity, fill.client_order_id) for fill in sold] == [(left, legs.client_order_id)]
    assert (legs.state, legs.filled_quantity) == (IntentState.DONE, left)
    assert desk.book_now().stopped_out == ("AAPL",)
    assert desk.record(bought.id).filled_quantity == bought.filled_quantity
    assert (desk.held(), desk.resting()) == (0, [])
    assert desk.agrees()


@pytest.mark.parametrize(("price", "leg"), [("190.00", ExitKind.TARGET), ("120.00", ExitKind.STOP)])
def test_with_a_target_one_leg_cancels_the_other(desk, price, leg):
    bought = desk.buy_aapl(take_profit_price=180.0)
    sell_some(desk)
    resting = desk.resting()
    desk.alpaca.market.set_prices["AAPL"] = Decimal(price)

    desk.wait(30)

    body, units = desk.alpaca.sent()[-1].body, desk.legs()[0].quantity
    assert (body["order_class"], body["time_in_force"]) == ("oco", "gtc")
    assert [leg[:2] for leg in resting] == [("limit", units), ("stop", units)]
    assert [fill.leg for fill in desk.ledger.fills_of(bought.id) if fill.leg] == [leg]
    assert (desk.held(), desk.resting()) == (0, [])
    assert desk.agrees()


def test_a_target_that_is_filled_in_pieces_shrinks_the_stop_with_it(monkeypatch, desk):
    desk.buy_aapl(take_profit_price=180.0)
    spoil_legs(monkeypatch, desk, "partial", parts=3)
    sell_some(desk)
    desk.alpaca.market.set_prices["AAPL"] = Decimal("190.00")
    desk.alpaca.set_now(desk.alpaca.account.now + timedelta(seconds=1))
    execution.reconcile(desk.ctx)
    partly, left = desk.legs()[0].state, desk.held()

    desk.wait(60)

    assert (partly, left > 0) == (IntentState.PARTIAL, True)
    assert (desk.held(), desk.resting(), len(desk.legs())) == (0, [], 1)
    assert desk.agrees()


def test_what_is_added_comes_under_one_plan_with_what_was_held(desk):
    desk.buy_aapl()
    desk.jump(NEXT_DAY)
    (added,) = desk.propose(desk.buy("AAPL", 0.02))
    desk.wait(20)

    plan = desk.book_now().positions["AAPL"].plan
    sell_some(desk, 1.0)
    desk.wait(20)

    assert added.filled_quantity > 0
    assert [(i.quantity, i.proposal_id) for i in desk.legs()] == [(added.filled_quantity + 33, added.id)]
    assert desk.legs()[0].stop_price == Decimal(str(round(added.trade.plan.stop_price, 4)))
    assert plan.stop_price == pytest.approx(added.trade.plan.stop_price)
    assert (desk.held(), desk.resting(), desk.legs()[0].state) == (0, [], IntentState.DONE)
    assert desk.agrees()


def test_an_exit_that_rests_leaves_its_units_to_itself_and_gives_them_back_when_it_ends(desk):
    bought = desk.buy_aapl()
    sale = sell_some(desk, order_type="limit", limit_price=150.0)
    during = stops(desk)

    desk.jump(CLOSED)
    desk.wait(20)

    assert during == bought.quantity - float(desk.intent(sale).quantity)
    assert stops(desk) == desk.held() == bought.quantity
    assert desk.agrees()


def test_what_a_person_sells_by_hand_is_not_protected_too(desk):
    desk.buy_aapl()
    sell_some(desk)
    desk.ctx.broker.cancel_legs("AAPL")
    desk.alpaca.place_by_hand("AAPL", "sell", 5, type="limit", limit_price="190")

    desk.wait(20)

    assert stops(desk) == desk.held() - 5
    assert desk.agrees()


def test_an_entry_that_was_cancelled_half_filled_is_protected_for_what_it_got(desk):
    desk.alpaca.go_wrong("partial", parts=5)
    desk.buy_aapl()
    kill(desk.ctx, "ann", "a test")

    desk.wait(20)

    assert 0 < desk.held() < 33
    assert stops(desk) == desk.held()
    assert desk.agrees()


@pytest.mark.parametrize("kind", ["timeout", "reset", "gateway_timeout", "html", "unknown_enum", "server_error"])
def test_legs_whose_sending_goes_wrong_rest_once_in_the_end(monkeypatch, desk, kind):
    desk.buy_aapl()
    spoil_legs(monkeypatch, desk, kind)
    sell_some(desk)

    desk.wait(20)

    assert [(units, len(desk.legs())) for _, units, _ in desk.resting()] == [(desk.held(), 1)]
    assert desk.legs()[0].state is IntentState.OPEN
    assert desk.agrees()


def test_legs_that_may_not_be_sent_now_are_sent_later(monkeypatch, desk):
    desk.buy_aapl()
    spoil_legs(monkeypatch, desk, "rate_limited")
    sell_some(desk)
    held_back = desk.legs()[0].state, desk.resting()

    desk.wait(70)

    assert held_back == (IntentState.PENDING, [])
    assert (stops(desk), len(desk.legs())) == (desk.held(), 1)
    assert desk.agrees()


def test_legs_that_are_refused_are_told_once_and_left_to_the_monitor_for_the_session(monkeypatch, desk):
    desk.buy_aapl(take_profit_price=180.0)
    before_legs(monkeypatch, desk, lambda: desk.alpaca.market.set_prices.update(AAPL=Decimal("130.00")))
    sell_some(desk)

    desk.wait(40)

    (legs,) = desk.legs()
    (due,) = due_exits(desk.book_now(), market_now(desk.ctx))
    assert (legs.state, "stop price must be less" in legs.problem) == (IntentState.REJECTED, True)
    assert [kind for kind in alerts(desk) if kind == "legs_refused"] == ["legs_refused"]
    assert (due.kind, desk.resting(), desk.held() > 0) == (ExitKind.STOP, [], True)
    assert desk.agrees()


def test_a_cancellation_that_sticks_holds_the_new_legs_back(desk):
    desk.buy_aapl()
    desk.jump(NEXT_DAY)
    for order in desk.alpaca.account.orders.values():
        order.sticky = order.parent is not None
    desk.propose(desk.buy("AAPL", 0.02))
    desk.wait(20)
    stuck = desk.legs()[0].state, stops(desk)

    for order in desk.alpaca.account.orders.values():
        if order.status == "pending_cancel":
            order.sticky = False
            desk.alpaca.account.cancel(order)
    desk.wait(20)

    assert stuck[0] is IntentState.PENDING
    assert (len(desk.legs()), stops(desk)) == (1, desk.held())
    assert desk.agrees()


@pytest.mark.parametrize("halted", [False, True])
@pytest.mark.parametrize("point", ["promised", "cancelled", "sent"])
def test_a_death_between_cancelling_and_sending_is_mended_also_when_halted(monkeypatch, desk, point, halted):
    desk.buy_aapl()
    desk.jump(NEXT_DAY)
    with die(monkeypatch, desk, point):
        desk.propose(desk.buy("AAPL", 0.02))
    found = desk.resting()
    desk.start_again()
    if halted:
        kill(desk.ctx, "ann", "a test")
    desk.runner.settle()

    desk.wait(20)

    assert len(found) == {"promised": 2, "cancelled": 0, "sent": 1}[point]
    assert [(units, len(desk.legs())) for _, units, _ in desk.resting()] == [(desk.held(), 1)]
    assert desk.legs()[0].state is IntentState.OPEN
    assert desk.agrees()


@pytest.mark.parametrize("point", ["promised", "sent"])
def test_a_death_after_a_partial_exit_leaves_a_promise_that_a_second_exit_outgrows(monkeypatch, desk, point):
    desk.buy_aapl()
    with die(monkeypatch, desk, point):
        sell_some(desk)
    desk.start_again()
    sell_some(desk, 0.01)

    desk.wait(20)

    assert stops(desk) == desk.held()
    assert len(desk.resting()) == 1
    assert {legs.state for legs in desk.legs()[:-1]} <= {IntentState.DONE, IntentState.REJECTED}
    assert desk.agrees()


@pytest.mark.parametrize("seed", range(4))
def test_in_any_order_of_events_the_legs_end_at_what_is_held(monkeypatch, desk, seed):
    """Additions, exits by market and limit, executions, faults and restarts: `watch` looks on at every event."""
    draw = random.Random(seed)
    desk.buy_aapl(take_profit_price=180.0)
    for _ in range(5):
        act = draw.choice(["sell", "sell", "rest", "fault", "restart", "day"])
        if act == "sell":
            sell_some(desk, draw.choice([0.005, 0.01, 0.02]))
        elif act == "rest":
            sell_some(desk, 0.01, order_type="limit", limit_price=draw.choice([148.0, 150.0]))
        elif act == "fault":
            kind = draw.choice(["timeout", "reset", "server_error", "rate_limited"])
            desk.alpaca.go_wrong(kind, draw.choice(["POST", "DELETE"]), "/v2/orders")
        elif act == "restart":
            desk.start_again()
        else:
            desk.jump(hours.next_open(desk.alpaca.account.now) + timedelta(minutes=30))
            desk.propose(desk.buy("AAPL", 0.01))
        desk.wait(10)

    desk.alpaca.faults.clear()
    desk.jump(hours.next_open(desk.alpaca.account.now) + timedelta(minutes=30))
    desk.wait(90, step=30)

    assert stops(desk) == desk.held()
    assert len({price for kind, _, price in desk.resting() if kind == "stop"}) <= 1
    assert desk.agrees()


def before_legs(monkeypatch, desk, act):
    """Do something once, just before legs are sent by themselves."""
    broker, todo = type(desk.ctx.broker), [act]
    submit = broker.submit

    def watched(self, intent):
        if intent.protects and todo:
            todo.pop()()
        return submit(self, intent)

    monkeypatch.setattr(broker, "submit", watched)


@contextmanager
def die(monkeypatch, desk, point):
    """Let the process end at one point of replacing legs: what comes after it in the code does not happen."""
    broker, ledger = type(desk.ctx.broker), type(desk.ledger)
    owner, name = {
        "promised": (ledger, "commit_legs"),
        "cancelled": (broker, "cancel_legs"),
        "sent": (broker, "submit"),
    }[point]
    real = getattr(owner, name)

    def last_act(self, subject):
        done = real(self, subject)
        if point == "sent" and not subject.protects:
            return done
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, last_act)
        with pytest.raises(Killed):
            yield
