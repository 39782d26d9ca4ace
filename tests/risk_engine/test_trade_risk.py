import pytest

from domain.trade import ExitPlan
from domain.verdict import Decision, Outcome
from tests.risk_engine.builders import SESSION, a_book, a_market, a_trade, an_exit, checked, judged, said


def stopped(distance, units, **changes):
    plan = ExitPlan(stop_price=100.0 * (1.0 - distance), stop_distance=distance, horizon=SESSION)
    return a_trade(quantity=units, plan=plan, **changes)


@pytest.mark.parametrize(
    ("units", "outcome"),
    [
        # 10 % x 1.4 x 100 dollars are 14 dollars a unit: 0.014 % of equity
        (37.0, Outcome.PASS),  # 0.518 %
        (38.0, Outcome.ALERT),  # 0.532 %, and 70 % of 0.75 % is 0.525 %
        (53.0, Outcome.ALERT),
        (54.0, Outcome.SOFT),  # 0.756 %
        (107.0, Outcome.SOFT),
        (108.0, Outcome.HARD),  # 1.512 %
    ],
)
def test_on_the_close_a_stop_loses_more_than_its_distance(units, outcome):
    result = checked("trade_risk", stopped(0.10, units))

    assert (result.outcome, result.largest_quantity) == (outcome, 53.0)
    assert result.observed == pytest.approx(0.00014 * units)


def test_a_continuous_feed_meets_the_stop_where_it_is():
    result = checked("trade_risk", stopped(0.10, 54.0), market=a_market(continuous=True))

    assert (result.outcome, result.observed) == (Outcome.ALERT, pytest.approx(0.0054))
    assert result.largest_quantity == 75.0


def test_the_trade_is_cut_to_the_risk_it_may_take():
    verdict = judged(stopped(0.10, 80.0))

    assert (verdict.decision, verdict.quantity, verdict.sized_by) == (Decision.RESIZE, 53.0, ("trade_risk",))


def test_an_entry_without_a_way_out_is_an_error():
    verdict = judged(a_trade(plan=None))

    assert said("trade_risk", verdict).outcome is Outcome.ERROR
    assert verdict.decision is Decision.REJECT


def test_an_exit_needs_no_plan():
    assert said("trade_risk", judged(an_exit(), a_book({"AAPL": 20.0}))).outcome is Outcome.NOT_APPLICABLE


def test_the_card_speaks_of_the_stop():
    assert checked("trade_risk", a_trade()).message.startswith("AAPL at its stop would cost 0.08 %")
