import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant.cross_section import ranks, z_scores


def test_z_scores_by_hand():
    # Mean 2, population variance 2/3.
    assert z_scores(np.array([[1.0, 2.0, 3.0]]))[0] == pytest.approx([-np.sqrt(1.5), 0.0, np.sqrt(1.5)])


@given(st.integers(0, 10_000), st.integers(2, 30))
def test_each_session_has_mean_zero_and_variance_one(seed, symbols):
    z = z_scores(np.random.default_rng(seed).normal(3.0, 2.0, (5, symbols)))

    assert z.mean(axis=1) == pytest.approx(np.zeros(5), abs=1e-9)
    assert z.var(axis=1) == pytest.approx(np.ones(5))


def test_symbols_without_a_score_stay_out_of_the_comparison():
    z = z_scores(np.array([[1.0, np.nan, 3.0], [np.nan, np.nan, np.nan]]))

    np.testing.assert_allclose(z[0], [-1.0, np.nan, 1.0])
    assert np.isnan(z[1]).all()


def test_equal_scores_and_a_lone_symbol_are_zero():
    assert z_scores(np.array([[2.0, 2.0, 2.0]])).tolist() == [[0.0, 0.0, 0.0]]
    assert z_scores(np.array([[7.0]])).tolist() == [[0.0]]


def test_the_largest_is_first_and_of_equal_ones_the_earlier():
    assert ranks(np.array([1.0, 3.0, 1.0 + 1e-9, 2.0])) == [3, 1, 4, 2]
