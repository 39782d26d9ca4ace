"""Sizing: never more than was asked, and what cut it is named."""

from hypothesis import given
from hypothesis import strategies as st

from domain.calibration import Calibration
from domain.proposal import Origin
from domain.trade import SizeLimits
from graph.sizing import exit_plan, size
from quant.moments import ewma_volatility
from quant.returns import simple_returns
from tests.risk_engine.builders import a_book, a_market, a_proposal, walk, with_bars

MARKET = a_market()
WILD = with_bars(MARKET, "AAPL", closes=walk(0, 253, daily=0.05))
LIMITS = SizeLimits(position_volatility=0.04, span=20, stop_risk=0.0075, close_factor=1.4)
OVERSTATES = {Origin.MODEL: Calibration(outcomes=150, points=((0.5, 0.4), (0.8, 0.6)))}


def sized(book=None, market=MARKET, limits=LIMITS, origin=Origin.MODEL, **words):
    return size("P1", a_proposal(**words), origin, book or a_book(), market, limits=limits)


def test_a_quiet_modest_trade_is_left_alone():
    trade = sized(position_size_pct=0.06)

    assert (trade.quantity, trade.asked_quantity, trade.sized_by) == (60.0, 60.0, ())


def test_a_wild_symbol_gets_what_the_volatility_budget_leaves():
    volatility = float(ewma_volatility(simple_returns(WILD.history["AAPL"].closes), 20))
    limits = SizeLimits(position_volatility=0.04)

    trade = sized(market=WILD, limits=limits, position_size_pct=0.08)
    added = sized(a_book({"AAPL": 20.0}), market=WILD, limits=limits, position_size_pct=0.08)

    assert trade.quantity == int(0.04 * 100_000 / (volatility * 100))
    assert added.quantity == trade.quantity - 20.0
    assert (trade.asked_quantity, trade.sized_by) == (80.0, ("volatility_budget",))


def test_a_far_stop_makes_a_small_trade():
    trade = sized(position_size_pct=0.08, worst_case_loss_pct=10.0)

    assert trade.quantity == int(0.0075 * 100_000 / (0.10 * 1.4 * 100))
    assert trade.sized_by == ("stop_distance",)


def test_a_stop_that_is_watched_all_day_costs_its_distance_only():
    trade = sized(market=a_market(continuous=True), position_size_pct=0.2, worst_case_loss_pct=10.0)

    assert trade.quantity == 75.0


def test_who_overstates_gets_the_share_that_came_true():
    trade = sized(a_book(calibrations=OVERSTATES), position_size_pct=0.06, confidence=0.8)
    person = sized(a_book(calibrations=OVERSTATES), origin=Origin.PERSON, position_size_pct=0.06, confidence=0.8)

    assert (trade.quantity, trade.sized_by) == (45.0, ("calibration",))
    assert person.quantity == 60.0


def test_exits_are_cut_by_nothing():
    book = a_book({"AAPL": 100.0}, calibrations=OVERSTATES)

    trade = sized(book, market=WILD, action="SELL", position_size_pct=0.10)

    assert (trade.quantity, trade.reduces, trade.sized_by) == (100.0, True, ())


def test_a_short_history_is_left_to_the_rule_about_volatility():
    assert sized(market=a_market(days=20), position_size_pct=0.06).quantity == 60.0


def test_a_plan_has_a_stop_outside_the_noise():
    trade = sized(worst_case_loss_pct=0.1)

    assert trade.plan == exit_plan(trade.proposal, trade.side, 100.0, MARKET)
    assert trade.plan.stop_distance > 0.001


@given(
    share=st.floats(0.001, 1.0),
    loss=st.floats(0.0, 100.0),
    confidence=st.floats(0.0, 1.0),
    held=st.integers(0, 300),
    budget=st.floats(0.0, 0.5) | st.none(),
    risk=st.floats(0.0, 0.1) | st.none(),
    side=st.sampled_from(["BUY", "SELL"]),
)
def test_never_more_than_asked_and_every_cut_has_a_name(share, loss, confidence, held, budget, risk, side):
    book = a_book({"AAPL": float(held)} if held else None, calibrations=OVERSTATES)
    limits = SizeLimits(position_volatility=budget, stop_risk=risk, close_factor=1.4)

    words = {"action": side, "position_size_pct": share, "worst_case_loss_pct": loss, "confidence": confidence}
    trade = sized(book, market=WILD, limits=limits, **words)

    assert 0.0 <= trade.quantity <= trade.asked_quantity
    assert trade.reduces or (trade.quantity < trade.asked_quantity) == bool(trade.sized_by)
