import numpy as np
import pytest

from quant.metrics import METRICS
from quant.track import Track

volatility = METRICS["volatility"]


def test_volatility_is_the_sample_deviation_times_the_root_of_252():
    # By hand: mean 0.01, squares 0.0001 + 0 + 0.0001 over 2 give a deviation of 0.01.
    assert volatility(Track(np.array([0.0, 0.01, 0.02]))).value == pytest.approx(0.01 * np.sqrt(252))


def test_one_return_has_no_deviation():
    assert volatility(Track(np.array([0.01]))).reason == "n<2"


def test_a_constant_series_has_a_volatility_of_zero():
    assert volatility(Track(np.zeros(10))).value == 0.0
