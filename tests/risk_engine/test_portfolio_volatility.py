import numpy as np
import pytest

from domain.verdict import Outcome
from quant.moments import ewma_volatility
from quant.returns import simple_returns
from tests.risk_engine.builders import a_book, a_market, a_trade, an_exit, checked, judged, said, walk, with_bars

WILD = with_bars(a_market(), "AAPL", closes=walk(0, 253, daily=0.06))
OWN = float(ewma_volatility(simple_returns(np.array(WILD.history["AAPL"].closes)), 20))
"""AAPL alone; a book of AAPL only has its weight times this."""


@pytest.mark.parametrize(
    ("volatility", "outcome"),
    [
        (0.139, Outcome.PASS),
        (0.141, Outcome.ALERT),
        (0.199, Outcome.ALERT),
        (0.201, Outcome.SOFT),
        (0.299, Outcome.SOFT),
        (0.301, Outcome.HARD),
    ],
)
def test_the_book_after_is_judged_as_a_symbol_is(volatility, outcome):
    units = 1000.0 * volatility / OWN

    result = checked("portfolio_volatility", a_trade(quantity=units, lot=1e-6), market=WILD)

    assert result.outcome is outcome
    assert result.observed == pytest.approx(volatility)
    assert result.largest_quantity == pytest.approx(1000.0 * 0.20 / OWN)


def test_the_parabola_is_that_of_the_weighted_returns():
    market, book = a_market(), a_book({"AAPL": 100.0, "XOM": 200.0})
    closes = np.array([market.history[symbol].closes for symbol in ("AAPL", "XOM", "KO")]).T

    result = checked("portfolio_volatility", a_trade("KO", 300.0), book, market)

    after = simple_returns(closes) @ np.array([0.1, 0.2, 0.3])
    assert result.observed == pytest.approx(float(ewma_volatility(after, 20)))


def test_a_book_over_the_limit_gets_no_credit_for_a_trade_that_calms_it():
    mirror = tuple(10_000.0 / close for close in WILD.history["AAPL"].closes)
    market = with_bars(WILD, "KO", closes=mirror)
    book = a_book({"AAPL": 1000.0 * 0.25 / OWN})

    result = checked("portfolio_volatility", a_trade("KO", 50.0), book, market)

    assert (result.outcome, result.largest_quantity) == (Outcome.SOFT, 0.0)
    assert result.observed == pytest.approx(0.25)


def test_too_short_a_history_is_no_basis():
    assert checked("portfolio_volatility", a_trade(), market=a_market(days=20)).outcome is Outcome.NOT_EVALUATED


def test_exits_are_not_capped():
    verdict = judged(an_exit(), a_book({"AAPL": 900.0}), WILD)

    assert said("portfolio_volatility", verdict).outcome is Outcome.NOT_APPLICABLE


def test_as_many_returns_as_the_span_are_enough():
    result = checked("portfolio_volatility", a_trade(), market=a_market(days=21))

    assert result.outcome is Outcome.PASS
    assert result.message.startswith("the book would move in a year by ")


def test_what_does_not_move_is_never_cut():
    market = with_bars(a_market(), "AAPL", closes=(100.0,) * 253)

    result = checked("portfolio_volatility", a_trade(), market=market)

    assert (result.outcome, result.observed, result.largest_quantity) == (Outcome.PASS, 0.0, None)


def test_a_trade_with_the_book_is_cut_where_it_reaches_the_limit():
    book = a_book({"AAPL": 1000.0 * 0.15 / OWN})

    result = checked("portfolio_volatility", a_trade(quantity=1.0, lot=1e-6), book, WILD)

    # 15 % are used: 5 % are left
    assert result.largest_quantity == pytest.approx(1000.0 * 0.05 / OWN, rel=1e-6)


def test_a_symbol_that_does_not_move_is_never_cut():
    still = with_bars(a_market(), "AAPL", closes=(100.0,) * 253)

    result = checked("portfolio_volatility", a_trade(quantity=500.0), market=still)

    assert (result.outcome, result.largest_quantity) == (Outcome.PASS, None)
