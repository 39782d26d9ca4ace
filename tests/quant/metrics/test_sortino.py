import numpy as np
import pytest

from quant.metrics import METRICS
from quant.track import Track

sortino = METRICS["sortino"]
RETURNS = np.array([0.02, -0.01, 0.03, -0.02])


def test_the_downside_is_taken_over_all_returns():
    # By hand: mean 0.005, downside sqrt((0.0001 + 0.0004) / 4).
    assert sortino(Track(RETURNS)).value == pytest.approx(0.005 / np.sqrt(0.0005 / 4) * np.sqrt(252))


def test_the_risk_free_return_is_the_least_that_is_accepted():
    # By hand: 0.01, -0.02, 0.02, -0.03 above 1 %.
    expected = -0.005 / np.sqrt((0.0004 + 0.0009) / 4) * np.sqrt(252)

    assert sortino(Track(RETURNS, risk_free=0.01)).value == pytest.approx(expected)


@pytest.mark.parametrize(
    ("returns", "reason"), [([0.01], "n<2"), ([0.01, 0.02], "no_losses"), ([0.0] * 9, "no_losses")]
)
def test_where_it_is_undefined_it_says_why(returns, reason):
    assert sortino(Track(np.array(returns))).reason == reason
