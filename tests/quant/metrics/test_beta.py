import numpy as np
import pytest

from quant.metrics import METRICS
from quant.track import Track

beta = METRICS["beta"]
MARKET = np.array([0.01, -0.02, 0.03, 0.0])


def test_a_levered_benchmark_has_its_leverage():
    assert beta(Track(2.0 * MARKET + 0.001, benchmark=MARKET)).value == pytest.approx(2.0)


def test_sessions_that_only_one_of_them_has_are_left_out():
    mine = np.array([0.02, -0.04, np.nan, 0.0])

    measure = beta(Track(mine, benchmark=MARKET))

    assert (measure.value, measure.n, measure.missing) == (pytest.approx(2.0), 3, 1)


@pytest.mark.parametrize(
    ("benchmark", "reason"), [(None, "no_benchmark"), (np.full(4, 0.01), "zero_variance"), (np.full(4, np.nan), "n<2")]
)
def test_where_it_is_undefined_it_says_why(benchmark, reason):
    assert beta(Track(MARKET, benchmark=benchmark)).reason == reason
