"""What every strategy keeps; a new one is tested here by being there."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.scan import Style
from quant.strategies import STRATEGIES

SESSIONS = 320


def closes_of(seed: int, symbols: int = 4) -> np.ndarray:
    steps = np.random.default_rng(seed).normal(0.0, 0.02, (SESSIONS, symbols))
    return 100.0 * np.exp(np.cumsum(steps, axis=0))


def test_every_style_of_a_mandate_is_a_strategy():
    assert {style.value for style in Style} <= set(STRATEGIES.names())


@pytest.mark.parametrize("name", STRATEGIES.names())
@settings(deadline=None)
@given(seed=st.integers(0, 10_000), now=st.integers(0, SESSIONS - 2))
def test_no_score_knows_the_future(name, seed, now):
    strategy, closes = STRATEGIES[name](), closes_of(seed)
    other = closes.copy()
    other[now + 1 :] = closes_of(seed + 1)[now + 1 :]

    before, after = strategy.scores(closes), strategy.scores(other)

    np.testing.assert_array_equal(before[: now + 1], after[: now + 1])


@pytest.mark.parametrize("name", STRATEGIES.names())
def test_scores_begin_where_the_lookback_is_full_and_are_numbers_from_there(name):
    strategy = STRATEGIES[name]()

    scores = strategy.scores(closes_of(1))

    assert strategy.name == name
    assert scores.shape == (SESSIONS, 4)
    assert np.isnan(scores[: strategy.lookback - 1]).all()
    assert np.isfinite(scores[strategy.lookback - 1 :]).all()


@pytest.mark.parametrize("name", STRATEGIES.names())
def test_a_history_that_is_too_short_has_no_score(name):
    strategy = STRATEGIES[name]()

    assert np.isnan(strategy.scores(closes_of(1)[: strategy.lookback - 1])).all()


@pytest.mark.parametrize("name", STRATEGIES.names())
def test_scaling_a_whole_history_changes_no_score(name):
    strategy, closes = STRATEGIES[name](), closes_of(2)

    scaled = strategy.scores(closes * np.array([0.1, 1.0, 10.0, 3.0]))

    np.testing.assert_allclose(scaled, strategy.scores(closes), rtol=1e-9, atol=1e-9)
