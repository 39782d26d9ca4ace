import pytest

from domain.verdict import Decision, Outcome
from tests.risk_engine.builders import (
    POLICY,
    a_book,
    a_policy,
    a_trade,
    an_engine,
    an_exit,
    an_order,
    checked,
    judged,
    said,
)

ALLOWED = a_policy(text=POLICY.replace("allowed = false    # hard: selling", "allowed = true    # hard: selling"))


def test_selling_what_is_not_held_is_refused():
    verdict = judged(a_trade(side="SELL", quantity=20.0))

    assert said("short_sales", verdict).outcome is Outcome.HARD
    assert verdict.decision is Decision.REJECT


def test_selling_more_than_is_held_and_not_on_its_way_out_is_refused():
    book = a_book({"AAPL": 30.0}, working=(an_order(side="SELL", quantity=15.0),))

    assert checked("short_sales", a_trade(side="SELL", quantity=15.0), book).outcome is Outcome.NOT_APPLICABLE
    result = checked("short_sales", a_trade(side="SELL", quantity=16.0), book)
    assert (result.outcome, result.observed) == (Outcome.HARD, pytest.approx(0.001))


def test_purchases_are_none():
    assert checked("short_sales", a_trade()).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("units", "outcome"), [(30.0, Outcome.PASS), (36.0, Outcome.ALERT), (50.0, Outcome.ALERT), (51.0, Outcome.HARD)]
)
def test_where_they_are_allowed_one_name_is_capped(units, outcome):
    result = checked("short_sales", a_trade(side="SELL", quantity=units), policy=ALLOWED)

    assert (result.outcome, result.largest_quantity) == (outcome, 50.0)


def test_where_they_are_allowed_all_names_together_are_capped():
    working = tuple(an_order(symbol, "SELL", 45.0) for symbol in ("MSFT", "XOM", "KO"))

    # 15 % less 13.5 % leaves 1.5 %
    result = checked("short_sales", a_trade(side="SELL"), a_book(working=working), policy=ALLOWED)

    assert (result.outcome, result.largest_quantity) == (Outcome.HARD, 15.0)


def test_exits_are_no_short_sales():
    assert said("short_sales", judged(an_exit(), a_book({"AAPL": 20.0}))).outcome is Outcome.NOT_APPLICABLE


def test_where_they_are_allowed_a_short_sale_is_cut():
    verdict = judged(a_trade(side="SELL", quantity=60.0), engine=an_engine(ALLOWED))

    assert verdict.quantity == 50.0


def test_where_they_are_allowed_what_is_held_is_sold_first():
    book = a_book({"AAPL": 30.0}, working=(an_order("AAPL", "SELL", 10.0),))

    result = checked("short_sales", a_trade(side="SELL", quantity=60.0), book, policy=ALLOWED)

    # 20 are held and free, 50 may be short
    assert (result.observed, result.largest_quantity) == (pytest.approx(0.04), 70.0)


def test_where_they_are_allowed_the_symbol_s_own_sales_count_once():
    working = (an_order("AAPL", "SELL", 20.0), *(an_order(symbol, "SELL", 40.0) for symbol in ("MSFT", "XOM", "KO")))

    result = checked("short_sales", a_trade(side="SELL", quantity=5.0), a_book(working=working), policy=ALLOWED)

    # 15 % less the others' 12 % leave 3 %, of which 2 % are on their way
    assert (result.outcome, result.hard, result.largest_quantity) == (Outcome.ALERT, pytest.approx(0.03), 10.0)


def test_where_they_are_off_the_limit_is_zero():
    assert checked("short_sales", a_trade(side="SELL")).hard == 0.0
