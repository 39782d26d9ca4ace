import numpy as np
import pytest

from quant.metrics import METRICS
from quant.track import Track

hit_rate = METRICS["hit_rate"]


def test_trades_that_made_money_are_counted_with_their_interval():
    measure = hit_rate(Track(np.array([]), trades=np.array([5.0, -1.0, 0.0, 2.0])))

    # Wilson 1927 for 2 of 4: (0.5 ± 1.96 * sqrt(0.25 / 4 + 0.96 / 16)) / 1.96, around a half.
    assert (measure.value, measure.n) == (0.5, 4)
    assert (measure.low, measure.high) == (pytest.approx(0.1500, abs=1e-4), pytest.approx(0.8500, abs=1e-4))


@pytest.mark.parametrize("trades", [None, np.array([])])
def test_no_trade_is_no_rate(trades):
    assert hit_rate(Track(np.array([]), trades=trades)).reason == "no_trades"
