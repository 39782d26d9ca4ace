import numpy as np
import pytest

from quant.metrics import METRICS
from quant.track import Track

expected_shortfall = METRICS["expected_shortfall"]


def test_it_averages_what_lies_beyond_the_value_at_risk():
    # By hand: -100 ... -95 thousandths.
    assert expected_shortfall(Track(np.arange(-100, 1) / 1000)).value == pytest.approx(0.0975)


def test_it_equals_rockafellar_and_uryasev_where_the_tail_is_a_whole_number():
    # Their definition: the least of a + mean(max(-r - a, 0)) / 5 % over all a; 200 returns have ten in the tail.
    returns = np.random.default_rng(3).normal(0.0, 0.01, 200)
    least = min(a + np.mean(np.maximum(-returns - a, 0.0)) / 0.05 for a in -returns)

    assert expected_shortfall(Track(returns)).value == pytest.approx(least)


def test_a_short_record_has_no_tail():
    assert expected_shortfall(Track(np.zeros(50))).reason == "short_tail"
