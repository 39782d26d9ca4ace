import numpy as np
import pytest

from quant.metrics import METRICS
from quant.track import Track

cagr = METRICS["cagr"]


def test_a_year_of_sessions_is_a_year():
    # By hand: 252 sessions that make 10 % together.
    assert cagr(Track(np.full(252, 1.1 ** (1 / 252) - 1))).value == pytest.approx(0.10)


def test_half_a_year_counts_twice():
    assert cagr(Track(np.full(126, 1.1 ** (1 / 126) - 1))).value == pytest.approx(1.1**2 - 1)


def test_sessions_without_a_return_have_passed_all_the_same():
    values = np.full(252, np.nan)
    values[:2] = [0.1, 0.1]

    measure = cagr(Track(values))

    assert (measure.value, measure.n, measure.missing) == (pytest.approx(1.1**2 - 1), 2, 250)


@pytest.mark.parametrize("returns", [[0.01, -1.0, 0.5], [-1.5, 0.5]])
def test_wealth_that_is_gone_is_minus_one(returns):
    assert cagr(Track(np.array(returns))).value == -1.0


def test_one_return_is_no_growth_path():
    assert cagr(Track(np.array([0.1]))).reason == "n<2"
