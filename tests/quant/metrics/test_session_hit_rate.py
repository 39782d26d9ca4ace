import numpy as np
import pytest

from quant.metrics import METRICS
from quant.track import Track

session_hit_rate = METRICS["session_hit_rate"]


def test_sessions_that_did_not_move_do_not_count():
    assert session_hit_rate(Track(np.array([0.01, 0.0, -0.01, 0.02]))).value == pytest.approx(2 / 3)


def test_where_nothing_moved_there_is_none():
    assert session_hit_rate(Track(np.zeros(5))).reason == "n<1"
