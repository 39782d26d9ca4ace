import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import BadInput
from quant.drawdown import current_drawdown, drawdown_path, worst_drawdown


def test_the_worst_fall_is_measured_from_peak_to_trough_and_to_its_recovery():
    # Wealth by hand: 1, 2, 1, 0.5, 1, 2, 4.
    worst = worst_drawdown(np.array([1.0, -0.5, -0.5, 1.0, 1.0, 1.0]))

    assert worst.depth == -0.75
    assert (worst.decline_sessions, worst.duration_sessions, worst.recovered) == (2, 4, True)


def test_a_fall_without_recovery_lasts_to_the_end():
    worst = worst_drawdown(np.array([-0.5, 0.1, 0.1]))

    assert (worst.depth, worst.decline_sessions, worst.duration_sessions, worst.recovered) == (-0.5, 1, 3, False)


def test_a_rising_series_never_fell():
    worst = worst_drawdown(np.array([0.01, 0.02]))

    assert (worst.depth, worst.duration_sessions, worst.recovered) == (0.0, 0, True)


def test_a_session_without_a_return_passes_but_changes_nothing():
    assert drawdown_path(np.array([-0.1, np.nan])) == pytest.approx([0.0, -0.1, -0.1])


def test_wealth_beyond_floating_point_is_refused():
    with pytest.raises(BadInput, match="beyond floating point"):
        worst_drawdown(np.array([1e308, 1e308]))


@given(st.lists(st.floats(1.0, 1e4), min_size=1, max_size=40))
def test_the_current_drawdown_compares_the_last_level_with_the_highest(levels):
    assert float(current_drawdown(np.array(levels))) == pytest.approx(levels[-1] / max(levels) - 1.0)
