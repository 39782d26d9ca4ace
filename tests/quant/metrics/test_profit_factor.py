import numpy as np
import pytest

from quant.metrics import METRICS
from quant.track import Track

profit_factor = METRICS["profit_factor"]


def test_gains_are_divided_by_losses():
    assert profit_factor(Track(np.array([]), trades=np.array([10.0, -4.0, 2.0, 0.0, -2.0]))).value == 2.0


@pytest.mark.parametrize(
    ("trades", "reason"), [(None, "no_trades"), (np.array([]), "no_trades"), (np.array([1.0, 2.0]), "no_losses")]
)
def test_where_it_is_undefined_it_says_why(trades, reason):
    assert profit_factor(Track(np.array([]), trades=trades)).reason == reason
