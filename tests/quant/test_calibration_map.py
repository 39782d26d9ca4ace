import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import BadInput
from quant.calibration_map import learn_calibration


def test_a_known_overconfidence_is_learned():
    rng = np.random.default_rng(1)
    stated = rng.uniform(0.5, 0.9, 20_000)
    hits = (rng.random(20_000) < stated - 0.2).astype(float)

    learned = learn_calibration(stated, hits)

    assert learned.n == 20_000
    for confidence in (0.55, 0.7, 0.85):
        assert learned.calibrated(confidence) == pytest.approx(confidence - 0.2, abs=0.04)


@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=100, max_size=150), st.floats(0, 1), st.floats(0, 1)
)
def test_more_confidence_is_never_worth_less(cases, one, other):
    stated, hits = np.array([c for c, _ in cases]), np.array([float(h) for _, h in cases])
    learned = learn_calibration(stated, hits)
    low, high = sorted((one, other))

    assert 0.0 <= learned.calibrated(low) <= learned.calibrated(high) <= 1.0


def test_ninety_nine_outcomes_teach_nothing():
    assert learn_calibration(np.full(99, 0.6), np.ones(99)) is None


@pytest.mark.parametrize(("stated", "hits"), [([0.5], [1.0, 0.0]), ([1.5], [1.0]), ([0.5], [0.5]), ([np.nan], [1.0])])
def test_what_does_not_match_is_refused(stated, hits):
    with pytest.raises(BadInput):
        learn_calibration(np.array(stated), np.array(hits))
