import numpy as np
import pytest
from scipy import stats

from quant.metrics import METRICS
from quant.track import Track

alpha = METRICS["alpha"]
NOISE = np.random.default_rng(2)
MARKET = NOISE.normal(0.0004, 0.01, 300)


def test_it_is_what_is_left_beside_the_benchmark_s_share():
    assert alpha(Track(0.5 * MARKET + 0.0001, benchmark=MARKET)).value == pytest.approx(0.0252)


def test_value_and_error_are_those_of_the_regression():
    mine = 0.7 * MARKET + 0.0002 + NOISE.normal(0.0, 0.005, 300)
    line = stats.linregress(MARKET, mine)

    measure = alpha(Track(mine, benchmark=MARKET))

    assert measure.value == pytest.approx(line.intercept * 252)
    assert measure.standard_error == pytest.approx(line.intercept_stderr * 252)


def test_without_a_benchmark_there_is_none():
    assert alpha(Track(MARKET)).reason == "no_benchmark"
