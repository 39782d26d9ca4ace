"""Splits, new symbols and trades by hand: once each, exactly, whatever comes late."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from domain.adjustment import AdjustmentKind, CorporateAction
from domain.errors import BadInput
from domain.orders import BrokerPosition, IntentState, OrderStatus
from domain.records import ProposalStatus
from domain.trade import Side
from tests.memory.fakes import D1, D2, NOW, a_fill, an_intent, an_order

SPLIT = CorporateAction(key="s1", kind=AdjustmentKind.SPLIT, symbol="AAPL", new_units=4, old_units=1, effective=D2)
REVERSE = SPLIT.model_copy(update={"key": "s2", "new_units": 1, "old_units": 4})
RENAME = CorporateAction(key="r1", kind=AdjustmentKind.RENAME, symbol="AAPL", new_symbol="MSFT", effective=D2)
LATER = NOW + timedelta(days=4)


def apply(desk, action, price=None):
    return desk.ledger.apply_corporate_action("demo", action, price and Decimal(price), "ann")


def test_a_split_multiplies_units_and_divides_the_plan_and_leaves_the_cost(desk):
    desk.filled("A", "10", "100", "1")

    applied = apply(desk, SPLIT)

    position = desk.book().positions["AAPL"]
    assert (position.quantity, position.average_price) == (40.0, 1001 / 40)
    assert (position.plan.stop_price, position.plan.stop_distance) == (23.75, 0.05)
    assert (desk.book().cash, applied.cash) == (98_999.0, 0)
    assert desk.actions().count("adjusted_split") == 1


def test_the_same_split_again_changes_nothing(desk):
    desk.filled("A", "10", "100")
    apply(desk, SPLIT)

    assert apply(desk, SPLIT) is None

    assert desk.book().positions["AAPL"].quantity == 40.0
    assert len(desk.ledger.adjustments("demo")) == 1


def test_a_fraction_is_paid_out_in_cash(desk):
    desk.filled("A", "10", "100")

    applied = apply(desk, REVERSE, "400")

    position = desk.book().positions["AAPL"]
    assert (position.quantity, applied.quantity, applied.cash) == (2.0, Decimal("-0.5"), 200)
    assert desk.book().cash == 99_200.0
    assert position.average_price == pytest.approx(400.0)


def test_a_fraction_without_a_price_changes_nothing(desk):
    desk.filled("A", "10", "100")

    with pytest.raises(BadInput, match=r"leaves 0\.5 of a share"):
        apply(desk, REVERSE)

    assert desk.book().positions["AAPL"].quantity == 10.0
    assert desk.ledger.adjustments("demo") == ()


def test_a_fill_from_before_the_split_that_is_told_later_counts_in_old_units(desk):
    intent = desk.committed("A")
    apply(desk, SPLIT)

    desk.ledger.book_order(an_order(intent, OrderStatus.FILLED, "10"), [a_fill(intent, "x", "10", "100")], LATER)

    assert desk.book().positions["AAPL"].quantity == 40.0


def test_what_was_bought_after_the_split_is_not_split_again(desk):
    desk.filled("A", "10", "100")
    intent = desk.committed("B", quantity="5")
    after = a_fill(intent, "y", "5", "25", at=LATER, session=D2)
    desk.ledger.book_order(an_order(intent, OrderStatus.FILLED, "5"), [after], LATER)

    apply(desk, SPLIT)

    assert desk.book().positions["AAPL"].quantity == 45.0


def test_a_partial_exit_after_the_split_keeps_the_split_plan(desk):
    desk.filled("A", "10", "100")
    apply(desk, SPLIT)
    intent = desk.committed("B", action="SELL", quantity="30", reduces=True)
    sale = a_fill(intent, "y", "30", "25", at=LATER, session=D2)

    desk.ledger.book_order(an_order(intent, OrderStatus.FILLED, "30"), [sale], LATER)

    position = desk.book().positions["AAPL"]
    assert (position.quantity, position.plan.stop_price, position.average_price) == (10.0, 23.75, 25.0)


def test_open_orders_are_carried_and_what_was_only_asked_ends(desk):
    order = desk.ledger.commit_intent(_with_prices(desk))
    waiting = desk.waiting("B")

    apply(desk, SPLIT)

    carried = desk.ledger.intent(order.client_order_id)
    assert (carried.quantity, carried.limit_price, carried.plan_stop) == (40, 25, Decimal("23.75"))
    assert desk.ledger.proposal(waiting.id).status is ProposalStatus.EXPIRED
    assert desk.ledger.approval(waiting.id, 1).answer == "expire"
    assert desk.book().reservations == ()


def _with_prices(desk):
    desk.judged("A")
    prices = {"limit_price": Decimal(100), "plan_stop": Decimal(95)}
    return an_intent("A", order_type="limit", state=IntentState.OPEN, **prices)


def test_a_new_symbol_takes_holding_plan_and_cost_along(desk):
    desk.filled("A", "10", "100", "1")
    open_order = desk.committed("B")

    apply(desk, RENAME)

    book = desk.book()
    assert set(book.positions) == {"MSFT"}
    moved = book.positions["MSFT"]
    assert (moved.quantity, moved.average_price, moved.plan.stop_price) == (10.0, 100.1, 95.0)
    assert (moved.opened, moved.proposal_id) == (D1, "A")
    assert desk.ledger.intent(open_order.client_order_id).symbol == "MSFT"


def test_after_a_rename_fills_under_the_old_name_still_count(desk):
    intent = desk.committed("A")
    apply(desk, RENAME)

    desk.ledger.book_order(an_order(intent, OrderStatus.FILLED, "10"), [a_fill(intent, "x", "10", "100")], LATER)

    assert {symbol: held.quantity for symbol, held in desk.book().positions.items()} == {"MSFT": 10.0}


def by_hand(execution_id="h1", side=Side.BUY, quantity="7", **fields):
    return a_fill(an_intent("nobody"), execution_id, quantity, "100", "1", side=side, **fields)


def test_a_trade_by_hand_is_adopted_once_without_a_plan(desk):
    assert desk.ledger.adopt_external("demo", [by_hand()]) == 1
    assert desk.ledger.adopt_external("demo", [by_hand()]) == 0

    book = desk.book()
    held = book.positions["AAPL"]
    assert (held.quantity, held.plan, held.proposal_id) == (7.0, None, "external")
    assert book.cash == 100_000.0 - 701.0
    assert held.average_price == pytest.approx(701 / 7)


def test_a_sale_by_hand_takes_from_what_is_ours_and_the_rest_keeps_its_plan(desk):
    desk.filled("A", "10", "100")

    desk.ledger.adopt_external("demo", [by_hand(side=Side.SELL, at=LATER)])

    held = desk.book().positions["AAPL"]
    assert (held.quantity, held.plan.stop_price, held.proposal_id) == (3.0, 95.0, "A")


def differing(desk, **theirs):
    cash = Decimal(theirs.pop("cash", 100_000))
    positions = [BrokerPosition(symbol=symbol, quantity=Decimal(units)) for symbol, units in theirs.items()]
    for _ in range(2):
        found = desk.ledger.compare_with_broker("demo", cash, positions, NOW)
    return found


def test_a_difference_that_a_person_accepts_is_gone_and_audited(desk):
    differing(desk, AAPL=5, cash=99_500)
    assert desk.book().mismatches == 2

    prices = {"AAPL": Decimal(100), "CASH": Decimal(1)}
    accepted = desk.ledger.accept_mismatches("demo", prices, D1, NOW, "ann", "bought by hand")

    book = desk.book()
    assert [(one.symbol, one.quantity, one.cash) for one in accepted] == [("AAPL", 5, 0), ("CASH", 0, -500)]
    assert (book.mismatches, book.positions["AAPL"].quantity, book.cash) == (0, 5.0, 99_500.0)
    assert book.equity == 100_000.0
    assert differing(desk, AAPL=5, cash=99_500) == ()
    rows = [row for row in desk.ledger.audit_rows("demo") if row.action == "adjusted_accepted"]
    assert {(row.actor, row.detail["reason"]) for row in rows} == {("ann", "bought by hand")}


def test_a_position_that_is_gone_at_the_broker_can_be_accepted_too(desk):
    desk.filled("A", "10", "100")
    differing(desk, cash=99_000)

    desk.ledger.accept_mismatches("demo", {"AAPL": Decimal(90)}, D1, NOW, "ann", "transferred out")

    assert desk.book().positions == {}


def test_what_does_not_differ_can_not_be_accepted(desk):
    differing(desk, AAPL=5)

    with pytest.raises(BadInput, match="MSFT does not differ"):
        desk.ledger.accept_mismatches("demo", {"MSFT": Decimal(50)}, D1, NOW, "ann", "why not")


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": AdjustmentKind.EXTERNAL},
        {"new_units": 1},
        {"new_symbol": "META"},
        {"kind": AdjustmentKind.RENAME, "new_symbol": "AAPL"},
        {"new_units": 0},
    ],
)
def test_an_action_that_says_nothing_is_refused(wrong):
    with pytest.raises(ValueError, match="validation error"):
        CorporateAction.model_validate(SPLIT.model_dump() | wrong)


def test_holdings_say_since_when(desk):
    desk.filled("A", "10", "100")

    assert desk.ledger.holdings("demo") == {"AAPL": date(2017, 5, 26)}
