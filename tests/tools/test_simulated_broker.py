import itertools
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.errors import BadInput, NoData, OperatorNeeded, OrderRefused, OutcomeUnknown, RateLimited, Transient
from domain.orders import OrderIntent, OrderStatus
from domain.proposal import OrderType
from domain.trade import Side
from tests.conformance.broker import LONG_AGO, BrokerConformance
from tools import trading_hours
from tools.brokers import BROKERS
from tools.brokers import _account_file as account_file
from tools.brokers.simulated import Costs, Fault, Faults, Scripted, SimulatedBroker, SimulatedBrokerSettings
from tools.clock import ReplayClock
from tools.market_data._sp500 import PriceTable, RecordedCloses

DAYS = tuple(date(2021, 3, day) for day in (1, 2, 3, 4, 5, 8))  # Monday to Monday
# one line a symbol: the closes of DAYS
PRICES = {
    "AAA": (100.0, 100.0, 110.0, 90.0, 85.0, 100.0),
    "BBB": (50.0, 50.0, 50.0, 50.0, 50.0, 50.0),
    "DEAR": (300_000.0,) * 6,
}
CLOSES = RecordedCloses(PriceTable(DAYS, tuple(PRICES), np.array(list(PRICES.values())).T))
NO_COSTS = Costs(half_spread_bps=0, slippage_bps=0, commission_per_share=0, minimum_commission=0)
START = Decimal(100_000)
REPOSITORY = Path(__file__).parents[2]


class MovableClock:
    replay = True

    def __init__(self, session):
        self.today = session

    def now(self):
        return trading_hours.opens_at(self.today) + timedelta(minutes=5)

    def wall(self):
        return self.now()

    def session(self):
        return self.today


@pytest.fixture
def clock():
    return MovableClock(DAYS[1])


@pytest.fixture
def open_broker(tmp_path, clock):
    opened = []

    def make(*, costs=None, faults=None, cash=START, portfolio="core", closes=CLOSES, path=None):
        path = path or tmp_path / "broker.sqlite"
        opened.append(SimulatedBroker(path, portfolio, cash, clock, closes, costs or Costs(), faults))
        return opened[-1]

    yield make
    for broker in opened:
        broker.close()


@pytest.fixture
def broker(open_broker):
    return open_broker()


@pytest.fixture
def make_intent(clock):
    numbers = itertools.count(1)

    def make(**changes):
        fields = {
            "client_order_id": f"pm-{next(numbers)}",
            "portfolio": "core",
            "proposal_id": "P1",
            "version": 1,
            "leg": "entry",
            "symbol": "AAA",
            "side": Side.BUY,
            "quantity": Decimal(10),
            "session": clock.session(),
            "created_at": clock.now(),
            "valid_until": clock.now() + timedelta(minutes=2),
        }
        return OrderIntent(**fields | changes)

    return make


@pytest.fixture
def sale(make_intent):
    return lambda quantity, **changes: make_intent(
        side=Side.SELL, quantity=Decimal(quantity), reduces=True, leg="exit", **changes
    )


class TestConformance(BrokerConformance):
    @pytest.fixture
    def losing_broker(self, open_broker):
        return open_broker(faults=Faults(Fault.TIMEOUT_AFTER))


def test_the_broker_is_found_by_the_name_of_its_file():
    assert "simulated" in BROKERS.names()
    assert not any(name.startswith("_") for name in BROKERS.names())
    assert BROKERS["simulated"] is SimulatedBroker


def test_an_account_starts_with_its_cash(broker):
    account = broker.account()

    assert (account.cash, account.equity, account.paper, account.simulated) == (START, START, True, True)
    assert (account.brackets, account.margin, account.fractional) == (False, False, False)


def test_a_purchase_costs_the_close_the_spread_the_slippage_and_the_commission(broker, make_intent):
    order = broker.submit(make_intent(quantity=Decimal(10)))

    # by hand: 100 x (1 + (2 + 3)/10,000) = 100.05; 10 shares x 0.005 is less than the minimum of 1 dollar
    assert order.average_price == Decimal("100.05")
    assert broker.account().cash == START - Decimal("1000.50") - Decimal("1.00")


def test_a_sale_brings_the_close_less_the_costs(broker, make_intent, sale):
    broker.submit(make_intent(quantity=Decimal(400)))
    before = broker.account().cash

    order = broker.submit(sale(400))

    # by hand: 100 x (1 - 5/10,000) = 99.95; 400 x 99.95 = 39,980; 400 x 0.005 = 2 dollars
    assert order.average_price == Decimal("99.95")
    assert broker.account().cash - before == Decimal(39_980) - Decimal(2)


def test_fills_are_stamped_with_the_close_they_happened_at(broker, make_intent):
    broker.submit(make_intent())

    (fill,) = broker.fills(LONG_AGO)

    assert (fill.at, fill.session) == (datetime(2021, 3, 2, 21, 0, tzinfo=UTC), DAYS[1])


def test_equity_counts_holdings_at_the_last_close_before_the_session(open_broker, clock, make_intent):
    broker = open_broker(costs=NO_COSTS)
    clock.today = DAYS[2]
    broker.submit(make_intent(quantity=Decimal(10)))  # bought at 110 on the close of DAYS[2]

    assert broker.account().equity == START - 10 * 110 + 10 * 100  # DAYS[1] closed at 100
    clock.today = DAYS[4]
    assert broker.account().equity == START - 10 * 110 + 10 * 90  # DAYS[3] closed at 90


def test_equity_before_the_first_close_says_what_is_wrong(broker, clock, make_intent):
    clock.today = DAYS[0]
    broker.submit(make_intent())

    with pytest.raises(NoData, match="AAA has no close before 2021-03-01"):
        broker.account()


def test_an_order_larger_than_one_execution_is_reported_in_parts(open_broker, make_intent):
    broker = open_broker(costs=NO_COSTS, cash=Decimal(1_000_000))

    order = broker.submit(make_intent(quantity=Decimal(2_400)))

    # 240,000 dollars in executions of 100,000 at most
    fills = broker.fills(LONG_AGO)
    assert order.status is OrderStatus.FILLED
    assert [fill.quantity for fill in fills] == [1000, 1000, 400]


def test_the_minimum_commission_is_charged_once_for_all_parts(open_broker, make_intent):
    broker = open_broker(costs=Costs(minimum_commission=100), cash=Decimal(1_000_000))

    broker.submit(make_intent(quantity=Decimal(2_400)))

    assert sum(fill.commission for fill in broker.fills(LONG_AGO)) == 100


def test_one_close_fills_a_limited_amount_and_the_rest_of_a_market_order_expires(open_broker, clock, make_intent):
    broker = open_broker(costs=NO_COSTS, cash=Decimal(1_000_000))
    intent = make_intent(quantity=Decimal(4_000))

    order = broker.submit(intent)

    # 250,000 dollars at 100 are 2,500 shares
    assert (order.status, order.filled_quantity) == (OrderStatus.PARTIAL, 2_500)
    assert broker.open_orders() == (order,)
    clock.today = DAYS[2]
    later = broker.find(intent.client_order_id)
    assert (later.status, later.filled_quantity) == (OrderStatus.EXPIRED, 2_500)
    assert later.reason == "session 2021-03-02 is over"
    assert broker.open_orders() == ()


def test_the_rest_of_a_partial_order_can_be_cancelled(open_broker, make_intent):
    broker = open_broker(costs=NO_COSTS, cash=Decimal(1_000_000))
    intent = make_intent(quantity=Decimal(4_000))
    broker.submit(intent)

    broker.cancel(intent.client_order_id)

    order = broker.find(intent.client_order_id)
    assert (order.status, order.filled_quantity) == (OrderStatus.CANCELED, 2_500)


def test_a_share_dearer_than_the_amount_of_one_close_is_not_filled(open_broker, make_intent):
    order = open_broker(cash=Decimal(1_000_000)).submit(make_intent(symbol="DEAR", quantity=Decimal(1)))

    assert (order.status, order.filled_quantity) == (OrderStatus.ACCEPTED, 0)


@pytest.mark.parametrize(
    ("limit", "price"),
    [
        ("101", "100.05"),  # the close is better: the close with its costs
        ("100.02", "100.02"),  # the costs would exceed the limit: the limit
        ("99.99", None),
    ],
)
def test_a_limit_purchase_never_costs_more_than_its_limit(broker, make_intent, limit, price):
    order = broker.submit(make_intent(order_type=OrderType.LIMIT, limit_price=Decimal(limit)))

    assert order.average_price == (Decimal(price) if price else None)
    assert order.status is (OrderStatus.FILLED if price else OrderStatus.ACCEPTED)


@pytest.mark.parametrize(("limit", "price"), [("99", "99.95"), ("99.98", "99.98"), ("100.01", None)])
def test_a_limit_sale_never_brings_less_than_its_limit(broker, make_intent, sale, limit, price):
    broker.submit(make_intent())

    order = broker.submit(sale(10, order_type=OrderType.LIMIT, limit_price=Decimal(limit)))

    assert order.average_price == (Decimal(price) if price else None)


def test_a_limit_purchase_is_for_the_day(broker, clock, make_intent):
    intent = make_intent(order_type=OrderType.LIMIT, limit_price=Decimal(95))
    broker.submit(intent)

    clock.today = DAYS[5]

    assert broker.find(intent.client_order_id).status is OrderStatus.EXPIRED
    assert broker.positions() == ()


def test_a_limit_that_takes_profit_rests_until_it_is_reached(broker, clock, make_intent, sale):
    broker.submit(make_intent())
    target = sale(10, order_type=OrderType.LIMIT, limit_price=Decimal(105))
    assert broker.submit(target).status is OrderStatus.ACCEPTED

    clock.today = DAYS[3]  # DAYS[2] closed at 110

    order = broker.find(target.client_order_id)
    assert order.status is OrderStatus.FILLED
    assert order.average_price == Decimal("109.945")  # 110 x (1 - 5/10,000)
    assert broker.fills(LONG_AGO)[-1].session == DAYS[2]


def test_a_stop_rests_until_a_close_crosses_it_and_fills_there(broker, clock, make_intent, sale):
    broker.submit(make_intent())
    stop = sale(10, order_type=OrderType.STOP, stop_price=Decimal(95))
    broker.submit(stop)

    clock.today = DAYS[3]  # 110 so far; the close of DAYS[3] (90) is not to be seen yet
    assert broker.find(stop.client_order_id).status is OrderStatus.ACCEPTED
    clock.today = DAYS[4]

    assert broker.positions() == ()
    fill = broker.fills(LONG_AGO)[-1]
    assert (fill.session, fill.price) == (DAYS[3], Decimal("89.955"))  # 90 x (1 - 5/10,000)


def test_a_stop_left_alone_for_days_fills_at_the_first_close_that_crosses(broker, clock, make_intent, sale):
    broker.submit(make_intent())
    broker.submit(sale(10, order_type=OrderType.STOP, stop_price=Decimal(95)))

    clock.today = DAYS[5]  # closes since: 110, 90, 85

    assert broker.fills(LONG_AGO)[-1].session == DAYS[3]


def test_a_stop_limit_that_was_touched_stays_a_limit(broker, clock, make_intent, sale):
    broker.submit(make_intent())
    order = sale(10, order_type=OrderType.STOP_LIMIT, stop_price=Decimal(95), limit_price=Decimal(99))
    broker.submit(order)

    clock.today = DAYS[5]
    assert broker.find(order.client_order_id).status is OrderStatus.ACCEPTED  # touched at 90, below its limit
    clock.today = date(2021, 3, 9)

    assert broker.fills(LONG_AGO)[-1].session == DAYS[5]  # closed at 100


def test_a_stop_purchase_that_gaps_never_spends_more_than_there_is(open_broker, clock, make_intent):
    broker = open_broker(costs=NO_COSTS, cash=Decimal(1_050))
    entry = make_intent(order_type=OrderType.STOP, stop_price=Decimal(105))
    assert broker.submit(entry).status is OrderStatus.ACCEPTED

    clock.today = DAYS[3]  # DAYS[2] closed at 110: 9 shares cost 990, 10 cost 1,100

    order = broker.find(entry.client_order_id)
    assert (order.status, order.filled_quantity) == (OrderStatus.PARTIAL, 9)
    assert broker.account().cash == 60


def test_a_cancelled_order_does_not_fill_later(broker, clock, make_intent, sale):
    broker.submit(make_intent())
    stop = sale(10, order_type=OrderType.STOP, stop_price=Decimal(95))
    broker.submit(stop)

    broker.cancel(stop.client_order_id)
    clock.today = DAYS[5]

    assert broker.find(stop.client_order_id).status is OrderStatus.CANCELED
    assert [held.quantity for held in broker.positions()] == [10]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"session": DAYS[0]}, "session 2021-03-01 is over; it is 2021-03-02 now"),
        ({"session": DAYS[2]}, "session 2021-03-03 has not begun"),
        ({"symbol": "NONE"}, "unknown symbol NONE"),
        ({"quantity": Decimal("1.5")}, r"whole shares only, not 1\.5"),
        ({"portfolio": "other"}, "belongs to portfolio other, this is the account of core"),
        ({"order_type": OrderType.BRACKET, "stop_price": Decimal(90)}, "has no brackets"),
        ({"order_type": OrderType.LIMIT}, "needs a limit_price"),
        ({"order_type": OrderType.STOP, "stop_price": Decimal(0)}, "needs a stop_price"),
        ({"order_type": OrderType.STOP_LIMIT, "limit_price": Decimal(1)}, "needs a stop_price"),
        ({"side": Side.SELL}, "not held: 10 AAA to sell, 0 held, 0 being sold already"),
        ({"quantity": Decimal(1000)}, r"insufficient cash: 1000 AAA may cost 100055\.00, 100000\.00 is free"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_reason(broker, make_intent, changes, reason):
    intent = make_intent(**changes)

    with pytest.raises(OrderRefused, match=reason):
        broker.submit(intent)

    assert broker.find(intent.client_order_id).status is OrderStatus.REJECTED
    assert broker.account().cash == START
    assert broker.open_orders() == ()


def test_a_refusal_stands_even_when_the_reason_has_gone(broker, make_intent, sale):
    early = sale(10)
    with pytest.raises(OrderRefused, match="not held"):
        broker.submit(early)
    broker.submit(make_intent())

    with pytest.raises(OrderRefused, match="not held"):
        broker.submit(early)

    assert [held.quantity for held in broker.positions()] == [10]


def test_cash_that_open_purchases_may_need_is_not_spent_twice(open_broker, make_intent):
    broker = open_broker(costs=NO_COSTS, cash=Decimal(10_000))
    broker.submit(make_intent(order_type=OrderType.LIMIT, limit_price=Decimal(90), quantity=Decimal(100)))

    with pytest.raises(OrderRefused, match=r"11 AAA may cost 1100\.00, 1000\.00 is free"):
        broker.submit(make_intent(quantity=Decimal(11)))
    assert broker.submit(make_intent(quantity=Decimal(10))).status is OrderStatus.FILLED


def test_shares_that_are_being_sold_are_not_sold_twice(broker, make_intent, sale):
    broker.submit(make_intent())
    broker.submit(sale(8, order_type=OrderType.STOP, stop_price=Decimal(80)))

    with pytest.raises(OrderRefused, match="3 AAA to sell, 10 held, 8 being sold already"):
        broker.submit(sale(3))
    assert broker.submit(sale(2)).status is OrderStatus.FILLED


def test_other_terms_under_a_known_id_are_told_apart(broker, make_intent):
    intent = make_intent()
    broker.submit(intent)

    again = broker.submit(intent.model_copy(update={"side": Side.SELL}))

    assert again.side is Side.BUY
    assert again.reason == "this client order id was sent before with other terms; the first order stands"


def test_an_order_sent_again_in_a_later_session_is_the_first_one(broker, clock, make_intent):
    intent = make_intent()
    first = broker.submit(intent)

    clock.today = DAYS[3]

    assert broker.submit(intent) == first


def test_portfolios_have_accounts_of_their_own(open_broker, make_intent):
    core, other = open_broker(), open_broker(portfolio="other", cash=Decimal(5_000))
    intent = make_intent()

    core.submit(intent)

    assert other.account().cash == 5_000
    assert other.positions() == ()
    assert other.find(intent.client_order_id) is None
    assert other.fills(LONG_AGO) == ()


def test_an_account_survives_its_process(open_broker, make_intent):
    intent = make_intent()
    first = open_broker()
    order = first.submit(intent)
    cash = first.account().cash
    first.close()

    again = open_broker(cash=Decimal(7))

    assert again.find(intent.client_order_id) == order
    assert again.account().cash == cash


def test_executions_have_the_same_ids_in_every_replay(open_broker, tmp_path, make_intent):
    intent = make_intent()
    one, two = open_broker(), open_broker(path=tmp_path / "again.sqlite")

    one.submit(intent)
    two.submit(intent)

    assert one.fills(LONG_AGO) == two.fills(LONG_AGO)


def test_fills_since_a_moment_without_time_zone_are_refused(broker):
    with pytest.raises(BadInput, match="no time zone"):
        broker.fills(datetime(2021, 3, 1))  # noqa: DTZ001 - the point


def test_nothing_arrives_when_the_request_times_out(open_broker, make_intent):
    broker = open_broker(faults=Faults("timeout_before"))
    intent = make_intent()

    with pytest.raises(OutcomeUnknown):
        broker.submit(intent)

    assert broker.find(intent.client_order_id) is None
    assert broker.submit(intent).status is OrderStatus.FILLED


def test_a_lost_answer_spoils_the_next_look_ups_too(open_broker, make_intent):
    broker = open_broker(faults=Faults(Scripted(Fault.LOST_ANSWER, lookups=2)))
    intent = make_intent()
    with pytest.raises(OutcomeUnknown):
        broker.submit(intent)

    for _ in range(2):
        with pytest.raises(Transient):
            broker.find(intent.client_order_id)
    assert broker.find(intent.client_order_id).status is OrderStatus.FILLED


def test_a_rate_limited_order_is_not_taken(open_broker, make_intent):
    broker = open_broker(faults=Faults("rate_limited"))
    intent = make_intent()

    with pytest.raises(RateLimited):
        broker.submit(intent)

    assert broker.find(intent.client_order_id) is None


def test_a_scripted_refusal_is_a_refusal(open_broker, make_intent):
    faults = Faults()
    broker = open_broker(faults=faults)
    faults.add("reject")
    intent = make_intent()

    for _ in range(2):
        with pytest.raises(OrderRefused, match="script"):
            broker.submit(intent)


@pytest.mark.parametrize("kind", ["not_visible", "timeout_not_visible"])
def test_an_order_that_is_not_visible_yet_trades_once_when_sent_again(open_broker, make_intent, kind):
    broker = open_broker(faults=Faults(Scripted(Fault(kind), lookups=1)))
    intent = make_intent()
    if kind == "not_visible":
        assert broker.submit(intent).status is OrderStatus.FILLED
    else:
        with pytest.raises(OutcomeUnknown):
            broker.submit(intent)

    assert broker.find(intent.client_order_id) is None
    assert broker.submit(intent).status is OrderStatus.FILLED
    assert sum(fill.quantity for fill in broker.fills(LONG_AGO)) == intent.quantity


def test_an_unknown_fault_is_an_error():
    with pytest.raises(ValueError, match="earthquake"):
        Faults("earthquake")


def test_costs_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("PM_SIM_HALF_SPREAD_BPS", "10")
    monkeypatch.setenv("PM_SIM_MINIMUM_COMMISSION", "0.35")

    read = SimulatedBrokerSettings()

    assert isinstance(read, Costs)
    assert (read.half_spread_bps, read.minimum_commission) == (10, Decimal("0.35"))
    assert (read.slippage_bps, read.commission_per_share, read.max_fill_notional) == (3, Decimal("0.005"), 250_000)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HALF_SPREAD_BPS", "-1"),
        ("SLIPPAGE_BPS", "10001"),
        ("COMMISSION_PER_SHARE", "nan"),
        ("MINIMUM_COMMISSION", "a dollar"),
        ("MAX_FILL_NOTIONAL", "0"),
    ],
)
def test_senseless_costs_are_refused(monkeypatch, name, value):
    monkeypatch.setenv(f"PM_SIM_{name}", value)

    with pytest.raises(ValidationError, match=name.lower()):
        SimulatedBrokerSettings()


@pytest.mark.parametrize("content", [b"this is no database" * 500, b"SQLite format 3\0" + b"\xff" * 9000])
def test_a_damaged_file_needs_a_person(open_broker, tmp_path, content):
    path = tmp_path / "broken.sqlite"
    path.write_bytes(content)

    with pytest.raises(OperatorNeeded, match=r"broken\.sqlite can't be used.*restore a copy"):
        open_broker(path=path)


def test_a_file_of_a_newer_version_needs_a_person(open_broker, tmp_path):
    path = tmp_path / "new.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(OperatorNeeded, match="newer version"):
        open_broker(path=path)


def test_a_path_that_cannot_be_made_needs_a_person(open_broker, tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(OperatorNeeded, match="can't be opened"):
        open_broker(path=tmp_path / "file" / "broker.sqlite")


def test_a_locked_file_takes_nothing(open_broker, tmp_path, monkeypatch, make_intent):
    monkeypatch.setattr(account_file, "BUSY_TIMEOUT_MS", 50)
    broker = open_broker()
    other = sqlite3.connect(tmp_path / "broker.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    intent = make_intent()

    with pytest.raises(RateLimited, match="busy"):
        broker.submit(intent)

    other.execute("ROLLBACK")
    other.close()
    assert broker.find(intent.client_order_id) is None
    assert broker.submit(intent).status is OrderStatus.FILLED


def test_threads_that_send_the_same_order_trade_once(broker, make_intent):
    intent = make_intent()
    together = threading.Barrier(8)
    answers = []

    def send():
        together.wait()
        answers.append(broker.submit(intent))

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(answers) == 8
    assert len(set(answers)) == 1
    assert sum(fill.quantity for fill in broker.fills(LONG_AGO)) == 10


ORDERS = st.lists(
    st.tuples(
        st.sampled_from(["AAA", "BBB"]),
        st.sampled_from(Side),
        st.integers(1, 4_000),
        st.sampled_from([OrderType.MARKET, OrderType.LIMIT, OrderType.STOP, OrderType.STOP_LIMIT]),
        st.integers(40, 120),
        st.integers(40, 120),
        st.booleans(),
    ),
    max_size=12,
)


@given(orders=ORDERS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_sent_the_account_never_owes_money_or_shares(orders, tmp_path_factory):
    clock = MovableClock(DAYS[1])
    broker = SimulatedBroker(tmp_path_factory.mktemp("b") / "b.sqlite", "core", START, clock, CLOSES, Costs())
    for number, (symbol, side, quantity, kind, limit, stop, next_day) in enumerate(orders):
        intent = OrderIntent(
            client_order_id=f"pm-{number}", portfolio="core", proposal_id="P", version=1, leg="a", symbol=symbol,
            side=side, quantity=Decimal(quantity), order_type=kind, limit_price=Decimal(limit), session=clock.today,
            stop_price=Decimal(stop), created_at=clock.now(), valid_until=clock.now(),
        )  # fmt: skip
        try:
            broker.submit(intent)
        except OrderRefused:
            assert broker.find(intent.client_order_id).status is OrderStatus.REJECTED
        if next_day and clock.today < DAYS[-1]:
            clock.today = DAYS[DAYS.index(clock.today) + 1]

    assert_consistent(broker)
    broker.close()


def assert_consistent(broker):
    cash, held, filled = START, {}, {}
    for fill in broker.fills(LONG_AGO):
        signed = fill.quantity if fill.side is Side.BUY else -fill.quantity
        cash -= signed * fill.price + fill.commission
        held[fill.symbol] = held.get(fill.symbol, 0) + signed
        filled[fill.client_order_id] = filled.get(fill.client_order_id, 0) + fill.quantity
    assert broker.account().cash == cash >= 0
    assert {p.symbol: p.quantity for p in broker.positions()} == {s: q for s, q in held.items() if q}
    assert all(quantity >= 0 for quantity in held.values())
    for client_order_id, quantity in filled.items():
        order = broker.find(client_order_id)
        assert order.filled_quantity == quantity <= order.quantity


def test_money_from_outside_moves_once_a_key(broker):
    for _ in range(2):
        broker.deposit(Decimal(500), "in")
        broker.withdraw(Decimal("99.50"), "out")

    assert broker.account().cash == START + Decimal("400.50")


@pytest.mark.parametrize("amount", ["0", "-1", "NaN", "Infinity"])
def test_what_is_no_amount_of_money_is_not_moved(broker, amount):
    for move in (broker.deposit, broker.withdraw):
        with pytest.raises(BadInput, match="not an amount of money"):
            move(Decimal(amount), "k")

    assert broker.account().cash == START


def test_a_key_that_moved_something_else_is_refused(broker):
    broker.deposit(Decimal(500), "k")

    for move, amount in ((broker.deposit, 501), (broker.withdraw, 500)):
        with pytest.raises(BadInput, match="'k' has moved 500 dollars already"):
            move(Decimal(amount), "k")


def test_what_an_open_order_may_still_spend_cannot_be_withdrawn(broker, make_intent):
    broker.submit(make_intent(quantity=Decimal(100), order_type=OrderType.LIMIT, limit_price=Decimal(80)))

    with pytest.raises(BadInput, match="dollars free"):
        broker.withdraw(Decimal(92_500), "k")
    broker.withdraw(Decimal(91_000), "k")

    assert broker.account().cash == Decimal(9_000)


CHILD = """
import os, signal, sys
from decimal import Decimal
from pathlib import Path
from domain.orders import OrderIntent
from domain.trade import Side
from tests.tools.test_simulated_broker import CLOSES, DAYS, START, MovableClock
from tools.brokers.simulated import Costs, Faults, SimulatedBroker

mode, path = sys.argv[1], Path(sys.argv[2])
clock = MovableClock(DAYS[1])


class Deadly(Faults):
    def after(self, scripted, client_order_id):
        os.kill(os.getpid(), signal.SIGKILL)


class DeadlyCloses:
    sessions_between = CLOSES.sessions_between
    calls = 0

    def close(self, session, symbol):
        self.calls += 1
        if self.calls == 4:  # inside the transaction, the order already written
            os.kill(os.getpid(), signal.SIGKILL)
        return CLOSES.close(session, symbol)


def send(broker, number):
    return broker.submit(OrderIntent(
        client_order_id=f"pm-{number}", portfolio="core", proposal_id="P", version=1, leg="a", symbol="AAA",
        side=Side.BUY, quantity=Decimal(1), session=clock.today, created_at=clock.now(), valid_until=clock.now()))


broker = SimulatedBroker(
    path, "core", START, clock, DeadlyCloses() if mode == "inside" else CLOSES, Costs(),
    Deadly() if mode == "after" else None)
print("ready", flush=True)
sys.stdin.readline()
if mode == "many":
    for number in range(10_000):
        send(broker, number)
        print(f"sent {number}", flush=True)
print(send(broker, "one").broker_order_id, flush=True)
"""


@pytest.fixture
def start_child(tmp_path):
    running = []

    def start(mode):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, mode, str(tmp_path / "broker.sqlite")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=REPOSITORY,
        )  # fmt: skip
        running.append(child)
        assert child.stdout.readline() == "ready\n", child.stderr.read()
        return child

    yield start
    for child in running:
        child.kill()
        child.communicate()


def go(*children):
    for child in children:
        child.stdin.write("\n")
        child.stdin.flush()


@pytest.mark.process
def test_processes_that_send_the_same_order_at_once_trade_once(start_child, open_broker):
    children = [start_child("once") for _ in range(3)]

    go(*children)
    answers = {child.communicate()[0].splitlines()[-1] for child in children}

    assert len(answers) == 1
    assert sum(fill.quantity for fill in open_broker().fills(LONG_AGO)) == 1


@pytest.mark.process
@pytest.mark.parametrize(("mode", "accepted"), [("inside", False), ("after", True)])
def test_a_process_killed_while_it_sends_leaves_all_of_the_order_or_none(start_child, open_broker, mode, accepted):
    child = start_child(mode)

    go(child)

    assert child.wait() == -signal.SIGKILL
    broker = open_broker()
    assert (broker.find("pm-one") is not None) is accepted
    assert len(broker.fills(LONG_AGO)) == accepted
    assert_consistent(broker)


@pytest.mark.process
@pytest.mark.parametrize("after", [1, 7, 23])
def test_a_process_killed_at_any_moment_loses_nothing_it_was_told(start_child, open_broker, after):
    child = start_child("many")
    go(child)
    told = [child.stdout.readline() for _ in range(5 * after)]
    os.kill(child.pid, signal.SIGKILL)
    child.wait()

    broker = open_broker()
    assert_consistent(broker)
    sent = [line.split()[1] for line in told if line.startswith("sent")]
    assert sent
    assert all(broker.find(f"pm-{number}").status is OrderStatus.FILLED for number in sent)


def test_a_replay_clock_and_recorded_prices_make_a_working_desk(tmp_path, make_intent):
    session = date(2022, 12, 28)
    clock = ReplayClock(session, trading_hours.opens_at(session))
    broker = SimulatedBroker(tmp_path / "b.sqlite", "core", START, clock, RecordedCloses(), Costs())

    order = broker.submit(make_intent(symbol="AAPL", session=session, quantity=Decimal(8)))

    # by hand: 125.674 x 1.0005 = 125.736837
    assert order.average_price == Decimal("125.736837")
    broker.close()
