import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.calibration import Calibration

OVERSTATES = Calibration(outcomes=100, points=((0.5, 0.45), (0.7, 0.55), (0.9, 0.6)))


@pytest.mark.parametrize(
    ("stated", "worth"), [(0.1, 0.45), (0.5, 0.45), (0.6, 0.5), (0.7, 0.55), (0.8, 0.575), (0.9, 0.6), (1.0, 0.6)]
)
def test_between_the_points_the_map_is_a_straight_line_and_outside_it_is_flat(stated, worth):
    assert OVERSTATES.calibrated(stated) == pytest.approx(worth)


def test_fewer_than_a_hundred_outcomes_say_nothing():
    few = OVERSTATES.model_copy(update={"outcomes": 99})

    assert (few.calibrated(0.7), few.multiplier(0.7)) == (None, 1.0)
    assert Calibration(outcomes=500).calibrated(0.7) is None


@given(st.floats(0.0, 1.0))
def test_a_multiplier_takes_and_never_adds(stated):
    assert 0.0 < OVERSTATES.multiplier(stated) <= 1.0
    assert OVERSTATES.multiplier(0.1) == 1.0


@pytest.mark.parametrize("points", [((0.5, 0.5), (0.5, 0.6)), ((0.5, 0.6), (0.7, 0.5)), ((0.5, 1.2),)])
def test_a_map_that_falls_or_leaves_the_unit_square_is_none(points):
    with pytest.raises(ValidationError, match="points must"):
        Calibration(outcomes=100, points=points)
