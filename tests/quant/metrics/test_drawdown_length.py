import numpy as np
import pytest

from quant.metrics import METRICS
from quant.track import Track

drawdown_length = METRICS["drawdown_length"]


@pytest.mark.parametrize(
    ("returns", "sessions"),
    [
        ([0.1, -0.5, 0.5, 0.5], 3),  # the high of the first session is reached again three later
        ([0.1, -0.5, 0.1], 2),  # not recovered: to the end
        ([-0.1, 0.2, -0.05], 2),  # the start is a high
    ],
)
def test_it_lasts_from_the_peak_to_the_recovery_or_the_end(returns, sessions):
    assert drawdown_length(Track(np.array(returns))).value == sessions


@pytest.mark.parametrize(
    ("returns", "reason"), [([], "n<1"), ([0.1, 0.0], "no_drawdown"), ([1e300, 1e300], "overflow")]
)
def test_where_it_is_undefined_it_says_why(returns, reason):
    assert drawdown_length(Track(np.array(returns))).reason == reason
