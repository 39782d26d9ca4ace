import numpy as np
import pytest

from quant.metrics import METRICS
from quant.track import Track

exposure = METRICS["exposure"]


def test_it_is_the_mean_over_the_sessions():
    assert exposure(Track(np.zeros(3), exposure=np.array([0.0, 0.5, np.nan, 1.0]))).value == pytest.approx(0.5)


def test_not_known_is_none():
    assert exposure(Track(np.zeros(3))).reason == "no_exposure"
