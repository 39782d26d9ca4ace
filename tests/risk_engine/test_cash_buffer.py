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
    ("cash", "outcome"),
    [
        (9_200.0, Outcome.PASS),  # 7.2 % stay, and 5 % / 0.7 is 7.14 %
        (9_100.0, Outcome.ALERT),
        (7_000.0, Outcome.ALERT),
        (6_900.0, Outcome.SOFT),
        (3_000.0, Outcome.SOFT),
        (2_900.0, Outcome.HARD),
    ],
)
def test_some_cash_stays(cash, outcome):
    result = checked("cash_buffer", a_trade(quantity=20.0), a_book(cash=cash))

    assert (result.outcome, result.soft, result.hard) == (outcome, 0.05, 0.01)
    assert result.observed == pytest.approx((cash - 2_000.0) / 100_000.0)
    assert result.largest_quantity == pytest.approx(max((cash - 5_000.0) // 100.0, 0.0))


def test_open_and_reserved_purchases_are_paid_at_their_worst_price_and_sales_bring_nothing():
    working = (an_order("MSFT", quantity=10.0, price=110.0), an_order("XOM", "SELL", 50.0))
    book = a_book(cash=10_000.0, working=working, reservations=(a_reservation("KO", quantity=9.0, price=90.0),))

    # 10,000 - 10 x 110 - 9 x 100 - 20 x 100
    assert checked("cash_buffer", a_trade(quantity=20.0), book).observed == pytest.approx(0.06)


@pytest.mark.parametrize(
    ("vix", "soft"), [(None, 0.05), (12.0, 0.05), (20.0, 0.05), (30.0, 0.10), (60.0, 0.25), (80.0, 0.25)]
)
def test_fear_keeps_more_cash(vix, soft):
    result = checked("cash_buffer", a_trade(), market=a_market(vix=vix))

    assert result.soft == pytest.approx(soft)
    assert ("VIX not known" in result.message) == (vix is None)


def test_the_trade_is_cut_to_the_cash_there_is():
    verdict = judged(a_trade(quantity=20.0), a_book({"XOM": 1.0}, cash=6_550.0))

    assert (verdict.decision, verdict.quantity, verdict.sized_by) == (Decision.RESIZE, 15.0, ("cash_buffer",))


def test_a_book_without_cash_buys_nothing():
    verdict = judged(a_trade(), a_book(cash=500.0))

    assert said("cash_buffer", verdict).outcome is Outcome.HARD
    assert verdict.decision is Decision.REJECT


def test_a_sale_uses_none():
    assert checked("cash_buffer", a_trade(side="SELL")).outcome is Outcome.NOT_APPLICABLE
    assert judged(an_exit(), a_book({"AAPL": 20.0}, cash=0.0)).decision is Decision.EXECUTE
