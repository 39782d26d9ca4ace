import pytest

from domain.calibration import Calibration
from domain.proposal import Origin
from domain.verdict import Outcome
from tests.risk_engine.builders import a_book, a_trade, an_exit, checked, judged, said


@pytest.mark.parametrize(
    ("confidence", "outcome"),
    [
        (0.80, Outcome.PASS),
        (0.78, Outcome.ALERT),  # 0.55 / 0.7 is 0.786
        (0.55, Outcome.ALERT),
        (0.54, Outcome.SOFT),
        (0.35, Outcome.SOFT),
        (0.34, Outcome.HARD),
    ],
)
def test_low_confidence_is_asked_about_and_then_refused(confidence, outcome):
    result = checked("min_confidence", a_trade(words={"confidence": confidence}))

    assert (result.outcome, result.soft, result.hard) == (outcome, 0.55, 0.35)


@pytest.mark.parametrize("origin", [Origin.PERSON, Origin.ALERT])
def test_people_need_no_confidence(origin):
    trade = a_trade(origin=origin, words={"confidence": 0.0})

    assert checked("min_confidence", trade).outcome is Outcome.NOT_APPLICABLE


def test_exits_need_no_confidence():
    verdict = judged(an_exit(words={"confidence": 0.0}), a_book({"AAPL": 20.0}))

    assert said("min_confidence", verdict).outcome is Outcome.NOT_APPLICABLE


def test_the_lower_of_stated_and_calibrated_counts_from_a_hundred_outcomes_on():
    def observed(outcomes, worth, origin=Origin.MODEL):
        calibration = Calibration(outcomes=outcomes, points=((0.8, worth),))
        return checked("min_confidence", a_trade(), a_book(calibrations={origin: calibration}))

    assert observed(99, 0.5).observed == 0.8
    assert observed(100, 0.5).outcome is Outcome.SOFT
    assert observed(100, 0.9).observed == 0.8
    assert observed(100, 0.5, Origin.QUANT).observed == 0.8
    assert observed(100, 0.5).message == "confidence 50 %, 80 % as stated (soft 55 %, hard 35 %)"
