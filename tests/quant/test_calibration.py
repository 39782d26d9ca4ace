import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from quant.calibration import (
    brier,
    brier_skill,
    calibration_noise,
    expected_calibration_error,
    reliability,
    spiegelhalter_z,
)


def forecasts(n, seed=1, shift=0.0):
    """Forecasts whose truth is `shift` below what they state."""
    rng = np.random.default_rng(seed)
    stated = rng.uniform(0.3, 0.9, n)
    return stated, (rng.random(n) < np.clip(stated - shift, 0, 1)).astype(float)


def test_brier_is_the_mean_squared_distance_and_agrees_with_a_second_opinion():
    stated, hits = forecasts(500)

    assert brier(np.array([0.8, 0.4]), np.array([1.0, 0.0])) == pytest.approx((0.04 + 0.16) / 2)
    assert brier(stated, hits) == pytest.approx(brier_score_loss(hits, stated), rel=1e-12)


def test_skill_compares_with_the_base_rate():
    hits = np.array([1.0, 0.0, 1.0, 0.0])

    assert brier_skill(np.full(4, 0.5), hits) == pytest.approx(0.0)
    assert brier_skill(hits, hits) == pytest.approx(1.0)
    assert brier_skill(np.full(4, 0.5), np.ones(4)) is None


def test_the_reliability_curve_agrees_with_a_second_opinion():
    stated, hits = forecasts(1000)
    observed, mean = calibration_curve(hits, stated, n_bins=10, strategy="quantile")

    bins = reliability(stated, hits)

    assert [b.stated for b in bins] == pytest.approx(list(mean))
    assert [b.observed for b in bins] == pytest.approx(list(observed))
    assert {b.n for b in bins} == {100}


def test_the_error_of_a_known_shift_is_found_above_the_noise():
    for shift in (0.0, 0.1, 0.2):
        stated, hits = forecasts(5000, seed=4, shift=shift)

        above = expected_calibration_error(stated, hits) - calibration_noise(stated)

        assert above == pytest.approx(shift, abs=0.02)


@pytest.mark.parametrize(("n", "floor"), [(50, 0.17), (100, 0.12), (250, 0.075), (500, 0.053), (1000, 0.037)])
def test_the_noise_of_a_perfect_forecaster_is_what_was_measured(n, floor):
    """Figures of a separate measurement with ten bins."""
    assert calibration_noise(forecasts(n)[0]) == pytest.approx(floor, rel=0.2)


def test_spiegelhalter_s_z_is_standard_normal_for_honest_forecasts_and_large_for_others():
    honest = [spiegelhalter_z(*forecasts(60, seed)) for seed in range(300)]
    boastful = [spiegelhalter_z(*forecasts(800, seed, shift=0.15)) for seed in range(20)]

    assert np.mean(np.abs(honest) > 1.96) == pytest.approx(0.05, abs=0.03)
    assert np.mean(np.abs(boastful) > 1.96) > 0.9
    assert spiegelhalter_z(np.full(9, 0.5), np.ones(9)) is None
