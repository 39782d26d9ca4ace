import numpy as np
import pytest

from quant.metrics import METRICS
from quant.track import Track

information_ratio = METRICS["information_ratio"]
MARKET = np.array([0.01, -0.02, 0.03])


def test_it_is_the_sharpe_ratio_of_the_difference():
    # By hand: the differences 0, 0.01 and 0.02 have mean and deviation 0.01.
    measure = information_ratio(Track(MARKET + np.array([0.0, 0.01, 0.02]), benchmark=MARKET))

    assert measure.value == pytest.approx(np.sqrt(252))


@pytest.mark.parametrize(
    ("benchmark", "reason"), [(None, "no_benchmark"), (MARKET, "zero_variance"), (np.full(3, np.nan), "n<2")]
)
def test_where_it_is_undefined_it_says_why(benchmark, reason):
    assert information_ratio(Track(MARKET, benchmark=benchmark)).reason == reason
