import pytest

from domain.verdict import Decision, Outcome
from tests.risk_engine.builders import a_book, a_trade, an_exit, checked, judged, said


@pytest.mark.parametrize(
    ("unit_value", "outcome", "largest"),
    [
        (1.00, Outcome.PASS, None),
        (0.94, Outcome.PASS, None),
        (0.93, Outcome.ALERT, None),
        (0.901, Outcome.ALERT, None),
        (0.90, Outcome.ALERT, 10.0),
        (0.851, Outcome.ALERT, 10.0),
        (0.85, Outcome.HARD, None),
        (0.79, Outcome.HARD, None),
    ],
)
def test_the_deeper_the_book_the_less_it_may_buy(unit_value, outcome, largest):
    result = checked("drawdown", a_trade(quantity=21.0), a_book(unit_value=unit_value))

    assert (result.outcome, result.largest_quantity) == (outcome, largest)
    assert result.observed == pytest.approx(1.0 - unit_value)


def test_depth_is_measured_from_the_reference_high():
    assert checked("drawdown", a_trade(), a_book(unit_value=1.08, reference_high=1.2)).observed == pytest.approx(0.10)


def test_half_of_what_was_asked_is_bought():
    verdict = judged(a_trade(quantity=20.0), a_book(unit_value=0.88))

    assert (verdict.decision, verdict.quantity, verdict.sized_by) == (Decision.RESIZE, 10.0, ("drawdown",))


def test_exits_stay_possible():
    verdict = judged(an_exit(), a_book({"AAPL": 20.0}, unit_value=0.7))

    assert said("drawdown", verdict).outcome is Outcome.NOT_APPLICABLE
    assert verdict.decision is Decision.EXECUTE


def test_above_the_reference_high_nothing_is_lost():
    assert checked("drawdown", a_trade(), a_book(unit_value=1.2)).observed == 0.0
