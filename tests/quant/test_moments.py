import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import BadInput
from quant.moments import (
    correlation_to,
    ewma_covariance,
    ewma_variance_path,
    ewma_volatility,
    ledoit_wolf_covariance,
    mean_abs_move,
)

seeds = st.integers(0, 10_000)


def noise(seed: int, sessions: int = 60, symbols: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, 0.01, (sessions, symbols))


def test_volatility_of_returns_of_one_size_is_that_size_annualised():
    returns = np.array([0.01, -0.01] * 15)

    assert float(ewma_volatility(returns)) == pytest.approx(0.01 * np.sqrt(252))


def test_volatility_weighs_the_newest_return_most():
    # By hand, span 3: alpha 1/2, weights 4/7, 2/7, 1/7; variance (4 * 0.02^2 + 1 * 0.01^2) / 7.
    by_hand = np.sqrt((4 * 0.0004 + 0.0001) / 7)

    assert float(ewma_volatility(np.array([0.01, 0.0, 0.02]), span=3, periods=1)) == pytest.approx(by_hand)


@given(seeds)
def test_each_row_of_the_variance_path_is_the_volatility_of_the_past_alone(seed):
    returns = noise(seed)

    path = ewma_variance_path(returns, span=20)

    for t in (0, 1, 30, 59):
        assert np.sqrt(252 * path[t]) == pytest.approx(ewma_volatility(returns[: t + 1]))


@given(seeds)
def test_covariance_has_the_squared_volatilities_on_its_diagonal_and_is_positive(seed):
    returns = noise(seed)

    covariance = ewma_covariance(returns, span=20)

    assert np.diag(covariance) * 252 == pytest.approx(ewma_volatility(returns) ** 2)
    assert covariance == pytest.approx(covariance.T)
    assert np.linalg.eigvalsh(covariance).min() > -1e-15


def test_ledoit_wolf_is_positive_definite_with_more_symbols_than_sessions():
    returns = noise(3, sessions=20, symbols=40)

    covariance = ledoit_wolf_covariance(returns)

    assert covariance.shape == (40, 40)
    assert np.linalg.eigvalsh(covariance).min() > 0.0
    assert np.trace(covariance) == pytest.approx(np.trace(np.cov(returns.T, ddof=0)))


@settings(deadline=None)
@given(seeds)
def test_correlation_agrees_with_numpy(seed):
    returns = noise(seed)

    assert correlation_to(returns, 2) == pytest.approx(np.corrcoef(returns.T)[2])


def test_a_symbol_that_does_not_move_correlates_with_nothing():
    returns = noise(1)
    returns[:, 1] = 0.0

    assert correlation_to(returns, 0)[1] == 0.0
    assert correlation_to(returns, 1).tolist() == [0.0, 0.0, 0.0, 0.0]


def test_mean_absolute_move_counts_the_last_sessions_only():
    closes = np.array([50.0, 100.0, 102.0, 100.98])  # moves of +100 %, +2 %, -1 %

    assert float(mean_abs_move(closes, sessions=2)) == pytest.approx(0.015)


def test_too_few_closes_for_the_moves_are_refused():
    with pytest.raises(BadInput, match="14 closes for 14 moves"):
        mean_abs_move(np.ones(14))


@pytest.mark.parametrize(
    ("estimate", "returns", "what"),
    [
        (ewma_volatility, np.array([]), "shape"),
        (ewma_volatility, np.array([0.01, np.nan]), "not finite"),
        (ewma_variance_path, np.array([np.inf]), "not finite"),
        (ewma_covariance, np.array([0.01, 0.02]), "one dimension"),
        (ledoit_wolf_covariance, np.array([[0.01, 0.02]]), "shape"),
    ],
)
def test_returns_that_cannot_be_estimated_from_are_refused(estimate, returns, what):
    with pytest.raises(BadInput, match=what):
        estimate(returns)


def test_a_span_below_one_session_is_refused():
    with pytest.raises(BadInput, match="span 0"):
        ewma_volatility(np.array([0.01]), span=0)
