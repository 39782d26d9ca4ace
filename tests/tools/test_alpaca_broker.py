"""Alpaca's broker over real HTTP against the stand-in: the contract every broker keeps, and Alpaca's own ways."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import count

import pytest

from domain.errors import (
    AccessDenied,
    BadInput,
    NotPaper,
    OperatorNeeded,
    OrderRefused,
    OutcomeUnknown,
    RateLimited,
    Transient,
)
from domain.orders import OrderIntent, OrderStatus
from domain.ports import Bracketing, Protecting
from domain.proposal import OrderType
from domain.trade import ExitKind, Side
from tests.conformance.broker import LONG_AGO, BrokerConformance
from tests.standins.alpaca import START
from tests.standins.alpaca.rig import alpaca_here, clock_of, hurry
from tools.alpaca_api import AlpacaSettings
from tools.brokers._alpaca_legs import read_leg
from tools.brokers.alpaca import AlpacaBroker

ids = count()


@pytest.fixture
def alpaca(monkeypatch):
    with alpaca_here(monkeypatch) as standin:
        yield standin


@pytest.fixture
def broker(alpaca):
    return AlpacaBroker(AlpacaSettings.read(), clock_of(alpaca))


@pytest.fixture
def make_intent():
    def make(**changes) -> OrderIntent:
        given = {
            "client_order_id": f"pm-test{next(ids)}",
            "portfolio": "demo",
            "proposal_id": "P",
            "version": 1,
            "leg": "entry",
            "symbol": "AAPL",
            "side": Side.BUY,
            "quantity": Decimal(3),
            "session": date(2022, 11, 22),
            "created_at": START,
            "valid_until": START + timedelta(seconds=120),
        }
        return OrderIntent.model_validate(given | changes)

    return make


class TestConformance(BrokerConformance):
    @pytest.fixture
    def losing_broker(self, broker, alpaca):
        alpaca.go_wrong("timeout")
        hurry(broker)
        return broker


def test_it_is_sent_once_with_strings_and_a_timeout_and_alpacas_own_resending_is_off(broker, alpaca, make_intent):
    broker.submit(make_intent(quantity=Decimal("2.000000")))

    (sent,) = alpaca.sent()
    assert (sent.body["qty"], sent.body["type"], sent.body["time_in_force"]) == ("2", "market", "day")
    assert broker._api.client._retry == 0
    assert broker._api.client._session.request.keywords["timeout"] == (3.05, 8.0)


@pytest.mark.parametrize("kind", ["gateway_timeout", "rate_limited", "server_error"])
def test_what_alpacas_client_would_send_again_is_sent_once(broker, alpaca, make_intent, kind):
    alpaca.go_wrong(kind)

    with pytest.raises((OutcomeUnknown, RateLimited)):
        broker.submit(make_intent())

    assert len(alpaca.sent()) == 1


@pytest.mark.parametrize(
    "kind",
    [
        "timeout",
        "timeout_before",
        "reset",
        "reset_before",
        "gateway_timeout",
        "server_error",
        "html",
        "html_error",
        "unknown_enum",
    ],
)
def test_an_answer_that_cant_be_read_is_an_unknown_outcome(broker, alpaca, make_intent, kind):
    alpaca.go_wrong(kind)
    hurry(broker)

    with pytest.raises(OutcomeUnknown):
        broker.submit(make_intent())


@pytest.mark.parametrize("kind", ["timeout", "reset", "server_error", "html", "html_error", "rate_limited"])
def test_a_look_that_is_not_answered_may_be_repeated(broker, alpaca, kind):
    alpaca.go_wrong(kind, "GET", "/v2/account")
    hurry(broker, "GET" if kind == "timeout" else "POST")

    with pytest.raises(Transient):
        broker.account()
    alpaca.set_now(START + timedelta(seconds=61))

    assert broker.account().cash == 100_000


def test_keys_that_are_not_accepted_need_a_person(broker, alpaca, make_intent):
    alpaca.go_wrong("unauthorized")

    with pytest.raises(AccessDenied, match="ALPACA_API_KEY"):
        broker.submit(make_intent())

    assert alpaca.account.orders == {}


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://paper-api.alpaca.markets", True),
        ("http://127.0.0.1:9", True),
        ("https://api.alpaca.markets", False),
        ("http://paper-api.alpaca.markets", False),
        ("https://paper-api.alpaca.markets.example.com", False),
        ("https://paper-api.alpaca.markets@example.com", False),
        ("nonsense", False),
    ],
)
def test_only_the_paper_host_or_this_machine_is_an_address(alpaca, monkeypatch, url, allowed):
    monkeypatch.setenv("ALPACA_BASE_URL", url)
    if allowed:
        assert AlpacaSettings.read().base_url == url
        return

    with pytest.raises(NotPaper, match="ALPACA_BASE_URL"):
        AlpacaSettings.read()


def test_a_missing_key_is_named_and_alpacas_own_names_count(alpaca, monkeypatch):
    monkeypatch.delenv("ALPACA_API_KEY")
    with pytest.raises(OperatorNeeded, match="ALPACA_API_KEY is not set"):
        AlpacaSettings.read()

    monkeypatch.setenv("APCA_API_KEY_ID", "PK1")

    assert AlpacaSettings.read().account_key == "PK1"


def test_a_limit_that_is_used_up_is_respected_before_anything_is_sent(broker, alpaca, make_intent):
    alpaca.rate_limit = 22
    broker.account()
    broker.account()
    looked = len(alpaca.requests)
    with pytest.raises(RateLimited, match="are left until 15:01:00"):
        broker.account()
    kept_for_orders = broker.submit(make_intent())

    alpaca.set_now(START + timedelta(seconds=61))

    assert len(alpaca.requests) > looked
    assert kept_for_orders.symbol == "AAPL"
    assert broker.account().account_id.startswith("PA")


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ({"quantity": Decimal(10**9)}, "buying power"),
        ({"symbol": "NOPE"}, "not found"),
    ],
)
def test_a_refusal_says_why_in_our_words(broker, make_intent, message, said):
    with pytest.raises(OrderRefused, match=said):
        broker.submit(make_intent(**message))


def test_a_purchase_against_a_resting_sale_is_a_wash_trade(broker, alpaca, make_intent):
    broker.submit(make_intent())
    alpaca.place_by_hand("AAPL", "sell", 3, type="limit", limit_price="500")

    with pytest.raises(OrderRefused, match="wash trade"):
        broker.submit(make_intent())


def test_an_entry_with_a_stop_keeps_it_at_alpaca(broker, alpaca, make_intent):
    assert isinstance(broker, Bracketing)

    broker.submit(make_intent(plan_stop=Decimal("140.1234"), plan_target=Decimal("160.5")))

    body = alpaca.sent()[0].body
    assert (body["order_class"], body["time_in_force"]) == ("bracket", "gtc")
    assert (body["stop_loss"], body["take_profit"]) == ({"stop_price": "140.12"}, {"limit_price": "160.50"})
    assert broker.open_orders() == ()


def test_a_stop_alone_is_a_one_triggers_other_order(broker, alpaca, make_intent):
    broker.submit(make_intent(plan_stop=Decimal(140)))

    assert alpaca.sent()[0].body["order_class"] == "oto"


@pytest.mark.parametrize(
    "changes",
    [{"quantity": Decimal("1.5")}, {"order_type": OrderType.STOP, "stop_price": Decimal(150)}],
)
def test_what_can_have_no_legs_is_simple_and_for_the_day(broker, alpaca, make_intent, changes):
    broker.submit(make_intent(plan_stop=Decimal(140), **changes))

    assert alpaca.sent()[0].body.get("order_class") is None
    assert alpaca.sent()[0].body["time_in_force"] == "day"


@pytest.mark.parametrize(
    ("side", "price", "sent"),
    [(Side.BUY, "147.129", "147.12"), (Side.SELL, "147.121", "147.13"), (Side.BUY, "0.12349", "0.1234")],
)
def test_limits_are_put_on_alpacas_grid_and_never_loosened(broker, alpaca, make_intent, side, price, sent):
    broker.submit(make_intent())
    broker.submit(make_intent(side=side, order_type=OrderType.LIMIT, limit_price=Decimal(price), quantity=Decimal(1)))

    assert alpaca.sent()[1].body["limit_price"] == sent


def test_options_are_whole_contracts_by_market_or_limit(broker, make_intent):
    with pytest.raises(OrderRefused, match="whole contracts"):
        broker.submit(make_intent(symbol="AAPL230120C00150000", quantity=Decimal("0.5")))


def test_a_stop_that_alpaca_executed_comes_as_the_leg_of_its_entry(broker, alpaca, make_intent):
    entry = make_intent(plan_stop=Decimal(140), plan_target=Decimal(160))
    broker.submit(entry)
    alpaca.market.set_prices["AAPL"] = Decimal(139)
    fresh = AlpacaBroker(AlpacaSettings.read(), broker._clock)

    bought, sold = fresh.fills(START - timedelta(minutes=1))

    assert (bought.leg, sold.leg) == (None, ExitKind.STOP)
    assert {bought.client_order_id, sold.client_order_id} == {entry.client_order_id}
    assert sold.side is Side.SELL
    assert fresh.positions() == ()


def test_legs_are_cancelled_together_and_then_the_shares_are_free(broker, alpaca, make_intent):
    broker.submit(make_intent(plan_stop=Decimal(140), plan_target=Decimal(160)))
    with pytest.raises(RateLimited, match="held by another order"):
        broker.submit(make_intent(side=Side.SELL, reduces=True))

    assert broker.has_legs("AAPL") is True
    gone = broker.cancel_legs("AAPL")
    sold = broker.submit(make_intent(side=Side.SELL, reduces=True))

    assert (gone, sold.status) == (True, OrderStatus.FILLED)
    assert broker.cancel_legs("AAPL") is True
    assert broker.has_legs("AAPL") is False


@pytest.fixture
def legs_of(make_intent):
    """Legs by themselves for three shares that are held: a stop, or stop and target."""

    def make(**changes):
        given = {"client_order_id": f"pm-legs-{next(ids)}", "leg": "legs-1", "side": Side.SELL, "reduces": True}
        return make_intent(**given | {"order_type": OrderType.STOP, "stop_price": Decimal("140.1234")} | changes)

    return make


BOTH = {"order_type": OrderType.BRACKET, "take_profit_price": Decimal("160.5")}


@pytest.mark.parametrize(
    ("changes", "sent", "resting"),
    [
        ({}, {"type": "stop", "stop_price": "140.12"}, {ExitKind.STOP: Decimal("140.12")}),
        (
            BOTH,
            {
                "type": "limit",
                "order_class": "oco",
                "take_profit": {"limit_price": "160.50"},
                "stop_loss": {"stop_price": "140.12"},
            },
            {ExitKind.STOP: Decimal("140.12"), ExitKind.TARGET: Decimal("160.50")},
        ),
    ],
    ids=["stop", "stop and target"],
)
def test_legs_by_themselves_rest_till_cancelled_and_are_no_open_order(
    broker, alpaca, make_intent, legs_of, changes, sent, resting
):
    assert isinstance(broker, Protecting)
    broker.submit(make_intent())

    order = broker.submit(legs_of(**changes))

    body = alpaca.sent()[-1].body
    assert {name: body.get(name) for name in sent} == sent
    assert (body["time_in_force"], body["qty"], order.status) == ("gtc", "3", OrderStatus.OPEN)
    assert {leg.kind: leg.price for leg in broker.resting_legs("AAPL")} == resting
    assert {leg.quantity for leg in broker.resting_legs()} == {3}
    assert broker.open_orders() == ()


@pytest.mark.parametrize(
    ("price", "kind", "changes"),
    [(139, ExitKind.STOP, {}), (139, ExitKind.STOP, BOTH), (161, ExitKind.TARGET, BOTH)],
)
def test_whichever_leg_is_executed_the_order_is_filled_under_its_one_name(
    broker, alpaca, make_intent, legs_of, price, kind, changes
):
    broker.submit(make_intent())
    legs = legs_of(**changes)
    broker.submit(legs)
    alpaca.market.set_prices["AAPL"] = Decimal(price)
    fresh = AlpacaBroker(AlpacaSettings.read(), broker._clock)

    order = fresh.find(legs.client_order_id)
    sold = fresh.fills(START - timedelta(minutes=1))[-1]

    assert (order.status, order.filled_quantity, order.quantity) == (OrderStatus.FILLED, 3, 3)
    assert (sold.client_order_id, sold.leg) == (legs.client_order_id, kind)
    assert order.average_price == sold.price
    assert (fresh.positions(), fresh.resting_legs()) == ((), ())


def test_legs_that_were_cancelled_are_found_cancelled_and_their_name_stays_taken(broker, make_intent, legs_of):
    broker.submit(make_intent())
    legs = legs_of(**BOTH)
    broker.submit(legs)

    gone = broker.cancel_legs("AAPL")
    again = broker.submit(legs)

    assert (gone, broker.resting_legs()) == (True, ())
    assert (again.status, again.filled_quantity) == (OrderStatus.CANCELED, 0)


@pytest.mark.parametrize("spoilt", [{"type": "magic"}, {"stop_price": None}, {"qty": "some"}])
def test_a_leg_that_can_not_be_read_is_no_answer(spoilt):
    told = {"symbol": "AAPL", "type": "stop", "qty": "3", "filled_qty": "0", "stop_price": "140"}

    with pytest.raises(Transient, match="can't be read"):
        read_leg(told | spoilt)


def test_a_replaced_order_is_followed_to_the_one_in_its_place(broker, alpaca, make_intent):
    intent = make_intent(order_type=OrderType.LIMIT, limit_price=Decimal(100))
    first = broker.submit(intent)
    alpaca.account.replace(alpaca.account.orders[first.broker_order_id], {"limit_price": "500"})

    found = broker.find(intent.client_order_id)

    assert (found.status, found.filled_quantity) == (OrderStatus.FILLED, 3)
    assert found.broker_order_id != first.broker_order_id
    assert [fill.client_order_id for fill in broker.fills(LONG_AGO)] == [intent.client_order_id]


def test_executions_are_read_page_by_page(broker, alpaca):
    for _ in range(130):
        alpaca.place_by_hand("KO", "buy", 1)

    found = broker.fills(LONG_AGO)

    assert len(found) == len({fill.execution_id for fill in found}) == 130


def test_a_symbol_is_tradable_when_alpaca_says_so(broker, alpaca):
    alpaca.market.inactive.add("GE")

    assert broker.tradable(["AAPL", "GE", "NOPE"]) == {"AAPL": True, "GE": False, "NOPE": False}


def test_short_positions_are_negative_and_carry_their_price(broker, alpaca):
    alpaca.place_by_hand("KO", "sell", 2)

    (short,) = broker.positions()

    assert short.quantity == -2
    assert short.average_price == alpaca.account.positions["KO"][1]


def test_the_account_is_a_paper_account_reckoned_from_cash_and_equity(broker):
    account = broker.account()

    assert (account.equity, account.margin, account.brackets, account.simulated) == (100_000, True, True, False)


def test_a_client_order_id_of_more_than_128_characters_is_not_sent(broker, alpaca, make_intent):
    with pytest.raises(BadInput, match="128"):
        broker.submit(make_intent(client_order_id="x" * 129))

    assert alpaca.sent() == []


def test_no_secret_is_shown_by_settings_or_errors(alpaca):
    settings = AlpacaSettings.read()

    assert alpaca.environment["ALPACA_API_SECRET"] not in f"{settings!r}{settings.model_dump()}"
