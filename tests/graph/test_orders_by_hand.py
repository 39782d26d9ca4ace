"""Orders that somebody placed at the broker without us count in the worst case until the broker lists them no more."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from domain.errors import Transient
from domain.orders import Order, OrderStatus
from domain.records import ProposalStatus
from domain.trade import Side
from graph import execution
from tests.graph.conftest import proposal


class HandyBroker:
    """The desk's simulated broker, with open orders that somebody else has placed."""

    name = "handy"

    def __init__(self, broker):
        self._broker, self.by_hand, self.silent = broker, [], False

    def __getattr__(self, name):
        return getattr(self._broker, name)

    def open_orders(self):
        if self.silent:
            raise Transient("no answer")
        return (*self._broker.open_orders(), *self.by_hand)


def by_hand(symbol, side, quantity, filled=0):
    return Order(
        client_order_id=f"web-{symbol}",
        broker_order_id=f"b-{symbol}",
        symbol=symbol,
        side=side,
        quantity=Decimal(quantity),
        filled_quantity=Decimal(filled),
        status=OrderStatus.OPEN,
        submitted_at=datetime(2017, 5, 26, 14, 0, tzinfo=UTC),
    )


@pytest.fixture
def handy(desk):
    desk.handy = HandyBroker(desk.broker)
    desk.runner.ctx = desk.ctx = replace(desk.ctx, broker=desk.handy)
    return desk


def test_a_purchase_by_hand_takes_room_under_the_position_limit(handy):
    """300 AAPL of 36 dollars on 100,000 are 10.8 %, above the soft limit of 8 %: nothing more fits."""
    handy.handy.by_hand = [by_hand("AAPL", Side.BUY, 300)]

    (more,) = handy.propose(proposal("AAPL"))

    assert more.status is ProposalStatus.REJECTED
    assert "max_position_weight" in more.verdict.breached
    (working,) = handy.book().working
    assert (working.symbol, working.side, working.quantity) == ("AAPL", Side.BUY, 300.0)
    assert handy.book().free_cash == pytest.approx(handy.book().cash - 300 * working.price)


def test_only_what_is_left_counts_and_the_broker_ends_it(handy):
    handy.handy.by_hand = [by_hand("AAPL", Side.BUY, 300, filled=100)]
    execution.compare(handy.ctx)
    left = [order.quantity for order in handy.book().working]
    handy.handy.silent = True
    execution.compare(handy.ctx)
    while_silent = len(handy.book().working)
    handy.handy.silent, handy.handy.by_hand = False, []

    execution.compare(handy.ctx)

    assert (left, while_silent, handy.book().working) == ([200.0], 1, ())
    told = [row.action for row in handy.ledger.audit_rows("demo") if row.action.startswith("external_order")]
    assert told == ["external_order_seen", "external_order_gone"]


def test_an_open_sale_by_hand_forbids_buying_against_it(handy):
    handy.handy.by_hand = [by_hand("KO", Side.SELL, 10)]

    (bought,) = handy.propose(proposal("KO"))

    assert "opposing_order" in bought.verdict.breached


def test_what_is_being_sold_by_hand_is_not_sold_twice(handy):
    (bought,) = handy.propose(proposal("AAPL"))
    handy.handy.by_hand = [by_hand("AAPL", Side.SELL, 30)]

    (sold,) = handy.propose(proposal("AAPL", action="SELL", position_size_pct=1.0))

    assert sold.filled_quantity == bought.filled_quantity - 30


def test_an_order_in_a_symbol_without_a_price_counts_as_unknown_and_blocks_no_exit(handy):
    handy.propose(proposal("AAPL"))
    handy.handy.by_hand = [by_hand("ZZZZ", Side.BUY, 10)]

    (sold,) = handy.propose(proposal("AAPL", action="SELL", position_size_pct=1.0))
    (bought,) = handy.propose(proposal("KO"))

    assert sold.status is ProposalStatus.DONE
    assert (bought.status, handy.book().unknown_orders) == (ProposalStatus.AWAITING, 1)
    assert "reconciled_book" in bought.verdict.breached
