import numpy as np
import pytest

from domain.book import Position
from domain.verdict import Outcome, RuleResult
from risk_engine.asked import share
from tests.risk_engine.builders import a_book, a_market, a_reservation, a_trade, an_engine, an_order

MARKET = a_market()


def situation_of(held=0.0, buys=0.0, sells=0.0, *, trade=None, **changes):
    """AAPL at 100 dollars in a book of 100,000: one unit weighs 0.1 %."""
    working = [an_order("AAPL", side, units) for side, units in (("BUY", buys), ("SELL", sells)) if units]
    positions = {"AAPL": Position(symbol="AAPL", quantity=held, average_price=100.0)}
    book = a_book(**{"positions": positions, "working": tuple(working), **changes})
    engine = an_engine()
    return engine._situation(book, MARKET, engine._figures(book, MARKET, (trade,) if trade else ()))


@pytest.mark.parametrize(
    ("held", "buys", "sells", "long", "short", "signed"),
    [
        (10.0, 5.0, 0.0, 15.0, 0.0, 0.015),
        (10.0, 0.0, 40.0, 10.0, 30.0, -0.030),
        (-30.0, 0.0, 0.0, 0.0, 30.0, -0.030),
        (-10.0, 5.0, 0.0, 0.0, 10.0, -0.010),
        (0.0, 10.0, 10.0, 10.0, 10.0, 0.010),  # as bad either way: counted as held
    ],
)
def test_a_line_is_the_worst_that_may_come_of_it(held, buys, sells, long, short, signed):
    line = situation_of(held, buys, sells).line("AAPL")

    assert (line.long, line.short) == (long, short)
    assert (line.weight, line.signed_weight) == (pytest.approx(abs(signed)), pytest.approx(signed))


def test_a_short_position_earns_when_prices_fall():
    situation = situation_of(-100.0)

    np.testing.assert_allclose(situation.book_returns, -0.10 * situation.figures.returns_of("AAPL"))


@pytest.mark.parametrize(
    ("held", "sells", "units", "weight"), [(10.0, 5.0, 25.0, 0.020), (10.0, 0.0, 5.0, 0.010), (-10.0, 0.0, 5.0, 0.015)]
)
def test_a_sale_is_weighed_as_what_may_be_short_after_it(held, sells, units, weight):
    trade = a_trade(side="SELL", quantity=units)

    assert situation_of(held, 0.0, sells, trade=trade).weight_after(trade) == pytest.approx(weight)


@pytest.mark.parametrize(
    ("held", "sells", "limit", "units"), [(10.0, 5.0, 0.020, 25.0), (10.0, 0.0, 0.005, 0.0), (-10.0, 0.0, 0.015, 5.0)]
)
def test_what_fits_of_a_sale_solves_for_its_weight(held, sells, limit, units):
    trade = a_trade(side="SELL", quantity=1.0)

    assert situation_of(held, 0.0, sells, trade=trade).units_within(trade, limit) == pytest.approx(units)


def test_what_is_held_no_more_is_no_name():
    assert situation_of(0.0).names == frozenset()


def test_a_dollar_is_equity():
    assert situation_of(equity=1.0, cash=1.0).equity == 1.0


def test_short_weights_add_up():
    book = {"reservations": (a_reservation("XOM", "SELL", 20.0),)}

    assert situation_of(-30.0, **book).short == pytest.approx(0.05)


@pytest.mark.parametrize(("side", "sign"), [("BUY", 1.0), ("SELL", -1.0)])
def test_a_unit_adds_its_return_or_takes_it_away(side, sign):
    trade = a_trade(side=side)
    situation = situation_of(trade=trade)

    np.testing.assert_allclose(situation.returns_a_unit(trade), sign * 0.001 * situation.figures.returns_of("AAPL"))


@pytest.mark.parametrize(
    ("held", "buys", "sells", "side", "units", "reduces", "is_exit"),
    [
        (30.0, 0.0, 10.0, "SELL", 20.0, True, True),
        (30.0, 0.0, 10.0, "SELL", 21.0, True, False),
        (30.0, 0.0, 10.0, "SELL", 20.0, False, False),
        (30.0, 0.0, 0.0, "SELL", 0.0, True, False),
        (-30.0, 10.0, 0.0, "BUY", 20.0, True, True),
        (-30.0, 10.0, 0.0, "BUY", 21.0, True, False),
    ],
)
def test_an_exit_reduces_whatever_else_is_filled(held, buys, sells, side, units, reduces, is_exit):
    trade = a_trade(side=side, quantity=units, reduces=reduces)

    assert situation_of(held, buys, sells).is_exit(trade) == is_exit


@pytest.mark.parametrize(("observed", "soft", "used"), [(0.04, 0.08, 0.5), (None, 0.08, None), (0.04, None, None)])
def test_a_share_takes_a_measure_and_a_limit(observed, soft, used):
    assert share(RuleResult(rule="a_rule", outcome=Outcome.PASS, observed=observed, soft=soft)) == used
