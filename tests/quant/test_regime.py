import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.scan import Regime
from quant.regime import is_crowded, mean_correlations, read_regime


def common_moves(loading: np.ndarray, symbols: int = 10, scale: float = 0.005, seed: int = 1) -> np.ndarray:
    """Returns whose pairs correlate by the square of `loading`, session by session."""
    chance = np.random.default_rng(seed)
    together = chance.normal(size=(len(loading), 1))
    alone = chance.normal(size=(len(loading), symbols))
    return scale * (loading[:, None] * together + np.sqrt(1.0 - loading[:, None] ** 2) * alone)


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 8))
def test_the_mean_of_the_pairs_agrees_with_the_correlation_matrix(seed, symbols):
    returns = common_moves(np.full(70, 0.5), symbols, seed=seed)

    means = mean_correlations(returns)

    assert means.shape == (8,)
    for start in (0, 7):
        matrix = np.corrcoef(returns[start : start + 63].T)
        assert means[start] == pytest.approx(matrix[np.triu_indices(symbols, 1)].mean())


def test_symbols_that_do_not_move_are_left_out():
    returns = common_moves(np.full(63, 0.7), symbols=3)
    with_still_ones = np.column_stack([returns, np.zeros(63), np.full(63, 0.001)])

    assert mean_correlations(with_still_ones) == pytest.approx(mean_correlations(returns))


def test_one_moving_symbol_has_no_correlation():
    returns = np.column_stack([common_moves(np.full(63, 0.5), symbols=1), np.zeros(63)])

    assert np.isnan(mean_correlations(returns)).all()


def test_a_history_shorter_than_the_window_has_no_reading():
    assert mean_correlations(np.zeros((62, 3))).shape == (0,)


def path_of(readings):
    """What is said after each reading."""
    return [is_crowded(np.array(readings[: now + 1])) for now in range(len(readings))]


def test_crowded_begins_at_the_eightieth_percentile_and_ends_at_the_sixtieth():
    # 200 readings from 0 to 1 that end low, then: below p80, above it, between the two, below p60, between again.
    readings = np.concatenate([np.linspace(1.0, 0.0, 200), [0.75, 0.85, 0.70, 0.50, 0.70]])

    assert path_of(readings)[-5:] == [False, True, True, False, False]


def test_a_regime_is_not_read_from_a_few_readings():
    assert path_of(np.linspace(0.0, 1.0, 130)) == [False] * 125 + [True] * 5


def test_a_correlation_that_never_changes_is_calm():
    assert not any(path_of(np.full(300, 0.5)))


def test_a_missing_reading_changes_nothing():
    rising = np.linspace(0.0, 1.0, 130)

    assert is_crowded(np.append(rising, np.nan))


@given(st.lists(st.sampled_from(np.linspace(-1.0, 1.0, 21).tolist()), min_size=120, max_size=200))
def test_looking_back_from_the_last_reading_says_what_going_through_all_of_them_says(readings):
    crowded, path = False, []
    for now, reading in enumerate(readings, start=1):
        leave, enter = np.percentile(readings[:now], [60, 80])
        crowded = (crowded or (now >= 126 and reading >= enter - 1e-12)) and reading > leave + 1e-12
        path.append(crowded)

    assert path_of(readings) == path


def test_the_market_is_crowded_when_names_begin_to_move_together():
    loading = np.concatenate([np.full(400, 0.4), np.full(60, 0.95)])

    reading = read_regime(common_moves(loading))

    assert reading.regime is Regime.CROWDED
    assert reading.mean_correlation == pytest.approx(0.9, abs=0.1)


def test_the_market_is_calm_when_they_move_apart_again():
    loading = np.concatenate([np.full(200, 0.4), np.full(100, 0.95), np.full(130, 0.2)])

    assert read_regime(common_moves(loading)).regime is Regime.CALM


def test_the_market_is_stressed_at_thirty_per_cent_a_year_whatever_the_correlation():
    daily = 0.30 / np.sqrt(252)
    swings = np.tile([daily, -daily], 50)[:, None]

    assert read_regime(np.repeat(swings * 1.001, 3, axis=1)).regime is Regime.STRESSED
    assert read_regime(np.repeat(swings * 0.999, 3, axis=1)).regime is Regime.CALM


def test_one_symbol_has_a_volatility_and_no_correlation():
    reading = read_regime(common_moves(np.full(100, 0.5), symbols=1))

    assert reading.mean_correlation is None
    assert reading.volatility > 0.0


def test_a_hundred_names_over_two_years_take_a_moment():
    returns = common_moves(np.full(500, 0.5), symbols=100)
    taken = []
    for _ in range(5):
        begin = time.perf_counter()
        mean_correlations(returns)
        taken.append(time.perf_counter() - begin)

    assert min(taken) < 0.25  # 25 ms on the machine it was written on
