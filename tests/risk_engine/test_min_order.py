import pytest

from domain.verdict import Decision, Outcome
from tests.risk_engine.builders import (
    POLICY,
    a_book,
    a_policy,
    a_trade,
    an_engine,
    an_exit,
    checked,
    judged,
    said,
)


@pytest.mark.parametrize(
    ("price", "equity", "outcome"),
    [
        (100.0, 100_000.0, Outcome.PASS),  # 0.1 % of 100,000 is 100 dollars
        (99.0, 100_000.0, Outcome.HARD),
        (50.0, 10_000.0, Outcome.PASS),  # 0.1 % is 10, 50 dollars count
        (49.0, 10_000.0, Outcome.HARD),
    ],
)
def test_small_orders_are_refused(price, equity, outcome):
    book = a_book(equity=equity, cash=equity)

    assert checked("min_order", a_trade(quantity=1.0, price=price), book).outcome is outcome


def test_an_order_that_resizing_makes_too_small_is_refused():
    verdict = judged(a_trade(quantity=30.0), a_book({"AAPL": 80.0}))

    assert verdict.decision is Decision.REJECT
    assert verdict.breached == ("min_order",)
    assert "max_position_weight" in verdict.sized_by
    assert "room for 0 of 30" in said("max_position_weight", verdict).message


def test_the_engine_tells_the_smallest_order():
    assert an_engine().min_order(100_000.0) == pytest.approx(100.0)
    assert an_engine().min_order(1_000.0) == pytest.approx(50.0)


def test_an_exit_may_be_small():
    assert judged(an_exit(quantity=0.1), a_book({"AAPL": 0.1})).decision is Decision.EXECUTE


def test_a_cent_s_hundredth_below_is_rounding():
    for price, outcome in ((99.99995, Outcome.PASS), (99.9998, Outcome.HARD)):
        assert checked("min_order", a_trade(quantity=1.0, price=price)).outcome is outcome


def test_the_card_tells_both_sides():
    message = checked("min_order", a_trade()).message

    assert message == "20 AAPL for 2,000.00 USD (hard: below 100.00 USD, which is 0.1 % of equity)"


def test_nothing_is_too_small_and_a_dollar_is_not_where_policy_sets_no_floor():
    free = a_policy(
        text=POLICY.replace("dollars = 50.0 ", "dollars = 0.0 ").replace("fraction = 0.001 ", "fraction = 0.0 ")
    )

    for quantity, outcome in ((0.0, Outcome.HARD), (0.001, Outcome.PASS)):
        assert checked("min_order", a_trade(quantity=quantity), policy=free).outcome is outcome
