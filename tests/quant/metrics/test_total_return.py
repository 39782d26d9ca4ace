import numpy as np
import pytest

from quant.metrics import METRICS
from quant.track import Track


def test_returns_compound():
    assert METRICS["total_return"](Track(np.array([0.1, np.nan, -0.5]))).value == pytest.approx(1.1 * 0.5 - 1)
