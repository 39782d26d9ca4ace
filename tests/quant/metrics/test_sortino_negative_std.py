import numpy as np
import pytest

from quant.metrics import METRICS
from quant.track import Track

sortino_negative_std = METRICS["sortino_negative_std"]


def test_it_divides_by_the_deviation_of_the_losses_alone():
    # By hand: mean 0.005; the losses -0.01 and -0.02 deviate by 0.005 * sqrt(2).
    measure = sortino_negative_std(Track(np.array([0.02, -0.01, 0.03, -0.02])))

    assert measure.value == pytest.approx(0.005 / (0.005 * np.sqrt(2)) * np.sqrt(252))


@pytest.mark.parametrize(
    ("returns", "reason"), [([0.01, -0.01], "losses<2"), ([0.03, -0.01, -0.01], "zero_variance"), ([], "losses<2")]
)
def test_where_it_is_undefined_it_says_why(returns, reason):
    assert sortino_negative_std(Track(np.array(returns))).reason == reason
