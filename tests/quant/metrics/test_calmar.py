import numpy as np
import pytest

from quant.metrics import METRICS
from quant.track import Track

calmar = METRICS["calmar"]


def test_growth_is_divided_by_the_deepest_fall():
    returns = np.zeros(252)
    returns[:2] = [-0.1, 0.2 / 0.9]  # a fall of 10 %, then 10 % up in all

    assert calmar(Track(returns)).value == pytest.approx(1.0)


@pytest.mark.parametrize(("returns", "reason"), [([0.1], "n<2"), ([0.1, 0.1], "no_drawdown")])
def test_where_it_is_undefined_it_says_why(returns, reason):
    assert calmar(Track(np.array(returns))).reason == reason
