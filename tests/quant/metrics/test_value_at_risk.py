import numpy as np
import pytest

from quant.metrics import METRICS
from quant.track import Track

value_at_risk = METRICS["value_at_risk"]


def test_it_is_the_fifth_percentile_turned_round():
    # By hand: of -100 ... 0 thousandths the 5 % point is the sixth, -0.095.
    assert value_at_risk(Track(np.arange(-100, 1) / 1000)).value == pytest.approx(0.095)


def test_a_book_that_gained_even_in_its_tail_is_not_clipped():
    assert value_at_risk(Track(np.full(100, 0.01))).value == pytest.approx(-0.01)


def test_fewer_than_five_in_the_tail_say_nothing():
    assert value_at_risk(Track(np.zeros(99))).reason == "short_tail"
