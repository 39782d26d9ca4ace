import numpy as np
import pytest

from domain.proposal import Origin
from domain.trade import Side
from evals.finding import Level
from evals.history import History
from evals.quality import QUALITY
from tests.evals.builders import day, judged

calibration = QUALITY["calibration"]


def forecaster(n, overconfidence, seed=1):
    rng = np.random.default_rng(seed)
    stated = rng.uniform(0.55, 0.95, n)
    came = rng.random(n) < stated - overconfidence
    return History(
        judged=tuple(
            judged(f"E{i}", 0.02 if came[i] else -0.02, session=day(i), confidence=float(stated[i])) for i in range(n)
        )
    )


def test_an_honest_forecaster_is_not_accused():
    finding = calibration(forecaster(2000, 0.0))

    assert finding.level is Level.FINE
    assert finding.parts["ece_above_noise"] == pytest.approx(0.0, abs=0.01)
    assert finding.value < finding.baseline  # better than always stating the base rate


def test_a_known_overconfidence_is_measured():
    finding = calibration(forecaster(2000, 0.2))

    assert finding.level is Level.WARNING
    assert "overconfident" in finding.sentence
    assert finding.parts["ece"] == pytest.approx(0.2, abs=0.03)
    assert finding.parts["ece_above_noise"] > 0.1
    assert finding.parts["mean_stated"] - finding.parts["base_rate"] == pytest.approx(0.2, abs=0.03)
    assert finding.parts["skill"] < 0
    assert all(stated - observed == pytest.approx(0.2, abs=0.12) for stated, observed, _ in finding.curve)


def test_below_a_hundred_there_is_no_curve():
    finding = calibration(forecaster(60, 0.0))

    assert finding.curve == ()
    assert "ece_noise" not in finding.parts
    assert "spiegelhalter_z" in finding.parts


def test_only_the_analyst_s_own_purchases_count():
    others = [{"side": Side.SELL}, {"origin": Origin.PERSON}, {"reduces": True}, {"proposal_id": None}]
    mixed = History(judged=tuple(judged(f"E{i}", 0.1, **others[i % 4]) for i in range(40)))

    assert calibration(mixed).n == 0
