import pytest

from domain.verdict import Decision, Outcome
from tests.risk_engine.builders import (
    a_book,
    a_market,
    a_reservation,
    a_trade,
    an_exit,
    an_order,
    checked,
    judged,
    said,
)


@pytest.mark.parametrize(
    ("held", "outcome"),
    [
        (35.0, Outcome.PASS),
        (36.0, Outcome.ALERT),  # 5.6 %
        (60.0, Outcome.ALERT),
        (61.0, Outcome.SOFT),
        (100.0, Outcome.SOFT),
        (101.0, Outcome.HARD),
    ],
)
def test_one_stock_may_weigh_eight_per_cent(held, outcome):
    result = checked("max_position_weight", a_trade(quantity=20.0), a_book({"AAPL": held}))

    assert result.outcome is outcome
    assert result.observed == pytest.approx((held + 20.0) / 1000.0)
    assert result.largest_quantity == max(80.0 - held, 0.0)


def test_what_is_open_and_what_others_have_reserved_counts():
    book = a_book({"AAPL": 10.0}, working=(an_order(quantity=20.0),), reservations=(a_reservation(quantity=30.0),))

    result = checked("max_position_weight", a_trade(quantity=30.0), book)

    assert (result.observed, result.largest_quantity) == (pytest.approx(0.09), 20.0)


def test_open_sales_give_no_room():
    book = a_book({"AAPL": 70.0}, working=(an_order(side="SELL", quantity=50.0),))

    assert checked("max_position_weight", a_trade(quantity=20.0), book).largest_quantity == 10.0


def test_a_fund_may_weigh_more():
    result = checked("max_position_weight", a_trade("SPY", quantity=210.0))

    assert (result.outcome, result.soft, result.hard, result.largest_quantity) == (Outcome.SOFT, 0.20, 0.30, 200.0)


def test_a_limit_above_the_market_is_the_price_to_reckon_with():
    assert checked("max_position_weight", a_trade(quantity=50.0, price=104.0)).observed == pytest.approx(0.052)


def test_a_position_that_drifted_over_the_hard_limit_blocks_adding():
    market = a_market(symbols={"AAPL": 130.0, "MSFT": 100.0})

    verdict = judged(a_trade(price=130.0), a_book({"AAPL": 95.0}), market)

    # 95 x 130 is 12.35 % of equity
    assert said("max_position_weight", verdict).outcome is Outcome.HARD
    assert verdict.decision is Decision.REJECT


def test_the_sentence_is_fit_for_a_card():
    result = checked("max_position_weight", a_trade(quantity=91.0))

    assert result.message == "AAPL would weigh 9.1 % (soft 8 %, hard 12 %); room for 80 of 91"


def test_fractions_of_a_share_are_used_up():
    verdict = judged(a_trade(quantity=10.0, lot=0.01), a_book({"AAPL": 76.123}))

    assert verdict.quantity == pytest.approx(3.87)


def test_exits_are_not_capped():
    verdict = judged(an_exit(quantity=20.0), a_book({"AAPL": 200.0}))

    assert said("max_position_weight", verdict).outcome is Outcome.NOT_APPLICABLE
    assert verdict.decision is Decision.EXECUTE
