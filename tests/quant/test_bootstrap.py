import numpy as np
import pytest

from quant.bootstrap import mean_interval


def test_the_interval_of_a_mean_is_about_two_standard_errors_wide_on_each_side():
    values = np.random.default_rng(1).normal(5.0, 1.0, 400)

    low, high = mean_interval(values)

    assert (low, high) == (
        pytest.approx(values.mean() - 0.098, abs=0.02),
        pytest.approx(values.mean() + 0.098, abs=0.02),
    )


def test_values_of_one_group_move_together_and_widen_it():
    groups = np.repeat(np.arange(40), 10)
    values = np.random.default_rng(2).normal(0.0, 1.0, 40)[groups]

    apart, together = mean_interval(values), mean_interval(values, groups.tolist())

    assert together[1] - together[0] > 2.5 * (apart[1] - apart[0])


def test_the_same_values_give_the_same_bounds():
    assert mean_interval(np.arange(9.0)) == mean_interval(np.arange(9.0))


@pytest.mark.parametrize(("values", "groups"), [([], None), ([1.0], None), ([1.0, 2.0], ["a", "a"])])
def test_one_group_can_t_be_resampled(values, groups):
    assert mean_interval(np.array(values), groups) is None


def test_it_holds_the_truth_in_about_nineteen_of_twenty_cases():
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(200):
        low, high = mean_interval(rng.exponential(1.0, 60))
        held += low <= 1.0 <= high

    assert 0.88 <= held / 200 <= 0.98
