"""What every broker adapter must do: subclass `BrokerConformance`, provide its fixtures, and its tests run."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from domain.errors import OrderRefused, OutcomeUnknown
from domain.orders import OrderIntent, OrderStatus
from domain.ports import Broker
from domain.trade import Side

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
CENT = Decimal("0.01")

MakeIntent = Callable[..., OrderIntent]


class BrokerConformance:
    """The contract of `domain.ports.Broker`.

    Fixtures a subclass brings: `broker` (an account with cash and no holdings), `make_intent` (keyword arguments
    override the fields of a small market purchase that fills, each call under a new client order id unless one is
    given), `losing_broker` (the same, whose next submission is carried out but whose answer is lost).
    """

    def test_the_account_is_a_paper_account(self, broker: Broker):
        assert broker.account().paper is True

    def test_an_order_is_found_under_its_client_order_id(self, broker: Broker, make_intent: MakeIntent):
        intent = make_intent()

        broker.submit(intent)

        found = broker.find(intent.client_order_id)
        assert found is not None
        assert (found.symbol, found.side, found.quantity) == (intent.symbol, intent.side, intent.quantity)

    def test_an_unknown_order_is_none(self, broker: Broker):
        assert broker.find("pm-NEVERSENT") is None

    def test_sending_an_order_again_returns_the_first_and_trades_nothing(self, broker: Broker, make_intent: MakeIntent):
        intent = make_intent()
        first = broker.submit(intent)
        fills = broker.fills(LONG_AGO)

        again = broker.submit(intent)

        assert again.broker_order_id == first.broker_order_id
        assert broker.fills(LONG_AGO) == fills

    def test_another_payload_under_the_same_id_trades_nothing(self, broker: Broker, make_intent: MakeIntent):
        intent = make_intent()
        first = broker.submit(intent)
        fills = broker.fills(LONG_AGO)

        again = broker.submit(intent.model_copy(update={"quantity": intent.quantity + 1}))

        assert again.quantity == first.quantity
        assert broker.fills(LONG_AGO) == fills

    def test_fills_add_up_to_the_filled_quantity(self, broker: Broker, make_intent: MakeIntent):
        intent = make_intent()

        order = broker.submit(intent)

        mine = [fill for fill in broker.fills(LONG_AGO) if fill.client_order_id == intent.client_order_id]
        assert order.status is OrderStatus.FILLED
        assert sum(fill.quantity for fill in mine) == order.filled_quantity == intent.quantity

    def test_execution_ids_are_unique(self, broker: Broker, make_intent: MakeIntent):
        broker.submit(make_intent())
        broker.submit(make_intent())

        ids = [fill.execution_id for fill in broker.fills(LONG_AGO)]

        assert len(ids) == len(set(ids)) >= 2

    def test_positions_and_cash_agree_with_the_fills_to_the_cent(self, broker: Broker, make_intent: MakeIntent):
        opening = broker.account().cash
        bought = make_intent()
        broker.submit(bought)
        broker.submit(make_intent(side=Side.SELL, quantity=Decimal(1), reduces=True))

        cash, held = opening, Decimal(0)
        for fill in broker.fills(LONG_AGO):
            signed = fill.quantity if fill.side is Side.BUY else -fill.quantity
            cash -= signed * fill.price + fill.commission
            held += signed
        assert broker.account().cash.quantize(CENT) == cash.quantize(CENT)
        assert {p.symbol: p.quantity for p in broker.positions()} == {bought.symbol: held}

    def test_a_closed_position_is_not_listed(self, broker: Broker, make_intent: MakeIntent):
        bought = make_intent()
        broker.submit(bought)

        broker.submit(make_intent(side=Side.SELL, quantity=bought.quantity, reduces=True))

        assert broker.positions() == ()

    def test_a_filled_order_is_not_open(self, broker: Broker, make_intent: MakeIntent):
        broker.submit(make_intent())

        assert broker.open_orders() == ()

    def test_cancelling_an_unknown_order_is_ignored(self, broker: Broker):
        broker.cancel("pm-NEVERSENT")

        assert broker.find("pm-NEVERSENT") is None

    def test_cancelling_a_filled_order_changes_nothing(self, broker: Broker, make_intent: MakeIntent):
        intent = make_intent()
        broker.submit(intent)

        broker.cancel(intent.client_order_id)

        assert broker.find(intent.client_order_id).status is OrderStatus.FILLED

    def test_a_refused_order_is_refused_again_and_trades_nothing(self, broker: Broker, make_intent: MakeIntent):
        unaffordable = make_intent(quantity=Decimal(10**9))

        for _ in range(2):
            with pytest.raises(OrderRefused):
                broker.submit(unaffordable)

        found = broker.find(unaffordable.client_order_id)
        assert found is None or found.status is OrderStatus.REJECTED
        assert broker.fills(LONG_AGO) == ()
        assert broker.open_orders() == ()

    def test_an_order_whose_answer_was_lost_is_found(self, losing_broker: Broker, make_intent: MakeIntent):
        intent = make_intent()

        with pytest.raises(OutcomeUnknown):
            losing_broker.submit(intent)

        assert losing_broker.find(intent.client_order_id).filled_quantity == intent.quantity

    def test_sending_again_after_a_lost_answer_trades_once(self, losing_broker: Broker, make_intent: MakeIntent):
        intent = make_intent()
        with pytest.raises(OutcomeUnknown):
            losing_broker.submit(intent)

        losing_broker.submit(intent)

        assert sum(fill.quantity for fill in losing_broker.fills(LONG_AGO)) == intent.quantity

    def test_fills_can_be_listed_from_a_moment_on(self, broker: Broker, make_intent: MakeIntent):
        broker.submit(make_intent())
        newest = broker.fills(LONG_AGO)[-1]

        assert newest in broker.fills(newest.at)
        assert broker.fills(datetime(2999, 1, 1, tzinfo=UTC)) == ()
