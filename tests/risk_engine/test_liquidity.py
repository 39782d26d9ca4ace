import pytest

from domain.verdict import Decision, Outcome
from tests.risk_engine.builders import (
    a_book,
    a_market,
    a_policy,
    a_trade,
    an_engine,
    an_exit,
    an_order,
    checked,
    judged,
    said,
    with_bars,
)


def traded_a_day(volume):
    return with_bars(a_market(continuous=True), "AAPL", volumes=(volume,) * 253)


@pytest.mark.parametrize(
    ("volume", "outcome"),
    [
        (3_000.0, Outcome.PASS),
        (2_800.0, Outcome.ALERT),  # 20 of 2,800 are 0.71 %
        (2_000.0, Outcome.ALERT),
        (1_900.0, Outcome.SOFT),
        (400.0, Outcome.SOFT),
        (399.0, Outcome.HARD),
    ],
)
def test_an_order_is_a_small_part_of_a_day(volume, outcome):
    result = checked("liquidity", a_trade(), market=traded_a_day(volume))

    assert (result.outcome, result.soft, result.hard) == (outcome, 0.01, 0.05)
    assert result.largest_quantity == volume // 100.0


def test_a_position_can_be_sold_in_half_a_day():
    # half a day at 10 % of 2,000 shares are 100, 90 of which are held
    result = checked("liquidity", a_trade(quantity=20.0), a_book({"AAPL": 90.0}), traded_a_day(2_000.0))

    assert (result.outcome, result.soft, result.largest_quantity) == (Outcome.SOFT, 0.05, 10.0)
    assert result.observed == pytest.approx(0.055)


def test_open_orders_take_their_part():
    book = a_book(working=(an_order(quantity=15.0),))

    assert checked("liquidity", a_trade(quantity=20.0), book, traded_a_day(2_000.0)).largest_quantity == 5.0


def test_the_trade_is_cut_to_what_the_market_bears():
    verdict = judged(a_trade(quantity=30.0), market=traded_a_day(2_000.0), engine=an_engine(a_policy(recorded=False)))

    # what was asked, 1.5 % of volume, is remarked on by order_quantity
    assert (verdict.quantity, verdict.sized_by) == (20.0, ("liquidity",))


def test_without_volumes_a_live_feed_rejects_and_a_recorded_one_notes():
    assert said("liquidity", judged(a_trade())).outcome is Outcome.NOTE
    market = with_bars(a_market(continuous=True), "AAPL", volumes=None)
    verdict = judged(a_trade(), market=market, engine=an_engine(a_policy(recorded=False)))
    assert said("liquidity", verdict).outcome is Outcome.NOT_EVALUATED
    assert verdict.decision is Decision.REJECT


def test_a_symbol_that_nobody_trades_is_an_error():
    verdict = judged(a_trade(), market=traded_a_day(0.0))

    assert said("liquidity", verdict).outcome is Outcome.ERROR


def test_exits_are_not_capped():
    verdict = judged(an_exit(), a_book({"AAPL": 20.0}), traded_a_day(1.0), engine=an_engine(a_policy(recorded=False)))

    assert verdict.decision is Decision.EXECUTE


def test_a_position_that_takes_days_to_sell_is_refused():
    # two days at 10 % of 2,000 shares are 400
    for held, outcome in ((380.0, Outcome.SOFT), (381.0, Outcome.HARD)):
        result = checked("liquidity", a_trade(quantity=20.0), a_book({"AAPL": held}), traded_a_day(2_000.0))
        assert (result.outcome, result.hard) == (outcome, pytest.approx(0.20))


def test_open_orders_are_part_of_the_order():
    book = a_book(working=(an_order(quantity=15.0),))

    result = checked("liquidity", a_trade(quantity=20.0), book, traded_a_day(2_000.0))

    # the order binds, not the exit
    assert (result.observed, result.soft) == (pytest.approx(35.0 / 2_000.0), 0.01)
    assert result.message.startswith("of a day's volume in AAPL, order or exit would take 1.8 %")


def test_where_both_are_equally_near_to_their_limits_the_order_is_spoken_of():
    # 20 of 2,000 are one percent, and the 100 that are held then are half a day's sales
    result = checked("liquidity", a_trade(quantity=20.0), a_book({"AAPL": 80.0}), traded_a_day(2_000.0))

    assert (result.observed, result.soft, result.hard) == (pytest.approx(0.01), 0.01, 0.05)


def test_a_hard_limit_is_spoken_of_before_a_soft_one_that_is_exceeded_further():
    # the order is within its hard limit, 4.5 times its soft one; the 420 that are held then are above two days' sales
    result = checked("liquidity", a_trade(quantity=90.0), a_book({"AAPL": 330.0}), traded_a_day(2_000.0))

    assert (result.outcome, result.observed, result.hard) == (Outcome.HARD, pytest.approx(0.21), pytest.approx(0.20))
