import numpy as np
import pytest

from domain.book import Position
from domain.verdict import Outcome, RuleResult
from risk_engine.asked import share
from risk_engine.reserve import remembered
from risk_engine.rules.max_position_weight import MaxPositionWeight
from risk_engine.situation import OF_WHAT_IS_OPEN
from tests.risk_engine.builders import a_book, a_market, a_policy, a_reservation, a_trade, an_engine, an_order

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


NEVER_ASKED, ASKED_FOR_LINES, ASKED_FOR_ALL = (), ("lines",), OF_WHAT_IS_OPEN


@pytest.mark.parametrize("known", [NEVER_ASKED, ASKED_FOR_LINES, ASKED_FOR_ALL], ids=["nothing", "lines", "all"])
@pytest.mark.parametrize("symbol", ["AAPL", "XOM", "KO"])
@pytest.mark.parametrize("side", ["BUY", "SELL"])
@pytest.mark.parametrize("taken", [40.0, 0.0])
def test_after_a_trade_all_is_as_in_a_situation_of_the_book_alone(taken, side, symbol, known):
    # AAPL is long and has orders both ways, XOM is short, KO is new
    book = a_book(
        {"AAPL": 10.0, "MSFT": 30.0, "XOM": -20.0},
        working=(an_order("AAPL", "BUY", 5.0), an_order("AAPL", "SELL", 8.0)),
        reservations=(a_reservation("MSFT", "BUY", 15.0, price=110.0),),
    )
    trade, engine = a_trade(symbol, 40.0, side=side, price=105.0), an_engine()
    figures = engine._figures(book, MARKET, (trade,))
    situation = engine._situation(book, MARKET, figures)
    for name in known:
        getattr(situation, name)
    later_book = remembered(book, trade, "hash", taken, is_exit=False)

    later, alone = situation.after(later_book, symbol), engine._situation(later_book, MARKET, figures)

    assert later.book is later_book
    assert later.lines == alone.lines
    assert later.names == alone.names
    assert later.gross == pytest.approx(alone.gross)
    assert later.short == pytest.approx(alone.short)
    assert later.sectors == pytest.approx(alone.sectors)
    assert (later.spent, later.free_cash) == pytest.approx((alone.spent, alone.free_cash))
    np.testing.assert_allclose(later.book_returns, alone.book_returns, atol=1e-15)


def test_the_others_in_a_sector_are_all_of_it_but_the_symbol():
    situation = situation_of(30.0, working=(an_order("MSFT", "BUY", 40.0), an_order("XOM", "BUY", 50.0)))

    assert situation.others_in_sector("AAPL") == pytest.approx(0.04)
    assert situation.others_in_sector("NVDA") == pytest.approx(0.07)


def test_what_is_bought_beyond_a_short_position_may_be_as_much_again():
    trade = a_trade()

    assert situation_of(-10.0, trade=trade).units_within(trade, 0.010) == pytest.approx(20.0)


def test_what_is_over_by_rounding_leaves_room_for_nothing_and_not_for_less():
    trade = a_trade()

    assert situation_of(10.0, trade=trade).units_within(trade, 0.010 - 5e-13) == 0.0


def test_asking_about_the_same_trade_again_repeats_the_answer():
    situation, rule, trade = situation_of(30.0), a_policy().find(MaxPositionWeight), a_trade()

    first = situation.ask(rule, trade)

    assert situation.ask(rule, trade) is first
    assert situation.ask(rule, trade.of(10.0)).observed == pytest.approx(0.04)


def test_what_a_trade_uses_up_is_not_what_another_one_did():
    small, large = a_trade(quantity=10.0), a_trade(quantity=40.0)
    situation = situation_of(trade=small)
    situation.ask(a_policy().find(MaxPositionWeight), small)

    assert situation.use("max_position_weight", small) == pytest.approx(0.125)
    assert situation.use("max_position_weight", large) == pytest.approx(0.5)


def test_what_fits_of_a_proposal_is_not_what_fits_of_another_one():
    situation, rule = situation_of(30.0), a_policy().find(MaxPositionWeight)

    assert rule.allowance(a_trade("AAPL"), situation) == 50.0
    assert rule.allowance(a_trade("XOM"), situation) == 80.0
    assert rule.allowance(a_trade("AAPL"), situation) == 50.0
