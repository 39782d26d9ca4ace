import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant.metrics import METRICS
from quant.track import Track

max_drawdown = METRICS["max_drawdown"]


def test_a_loss_on_the_first_day_counts():
    assert max_drawdown(Track(np.array([-0.1, 0.05, 0.05, 0.05]))).value == pytest.approx(-0.1)


def test_a_total_loss_is_minus_one():
    assert max_drawdown(Track(np.array([0.01, -1.0, 0.5]))).value == -1.0


def test_a_series_that_only_rises_has_none():
    assert max_drawdown(Track(np.array([0.01, 0.02]))).value == 0.0


def test_no_return_is_no_drawdown():
    assert max_drawdown(Track(np.array([]))).reason == "n<1"


@given(st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=25))
def test_it_agrees_with_looking_at_every_pair_of_sessions(returns):
    wealth = np.concatenate(([1.0], np.cumprod(1.0 + np.array(returns))))
    pairs = [wealth[t] / wealth[s] - 1.0 for t in range(len(wealth)) for s in range(t + 1)]

    assert max_drawdown(Track(np.array(returns))).value == pytest.approx(min(pairs))
