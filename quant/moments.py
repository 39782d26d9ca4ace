"""Volatility, covariance and correlation of daily returns."""

import numpy as np

from domain.errors import BadInput
from quant.arrays import SESSIONS_A_YEAR, ZERO, Floats
from quant.returns import simple_returns


def ewma_volatility(returns: Floats, span: int = 20, periods: int = SESSIONS_A_YEAR) -> Floats:
    """Weigh recent returns more: annualised volatility, a fraction >= 0, of shape () for (T,) and (N,) for (T, N).

    The mean is taken as zero, the weights are (1 - alpha)^k with alpha = 2 / (span + 1), and sum to one.
    Source: J.P. Morgan/Reuters, RiskMetrics Technical Document, 1996, chapter 5.

    Raises:
        BadInput: no returns, or one that is not finite.
    """
    values = _checked(returns, least=1)
    return np.asarray(np.sqrt(periods * (_weights(len(values), span) @ values**2)))


def ewma_variance_path(returns: Floats, span: int = 20) -> Floats:
    """Give the zero-mean EWMA variance per day of (T,) or (T, N) returns: row t uses returns[:t+1] only.

    The last row is what `ewma_volatility` annualises.

    Raises:
        BadInput: no returns, or one that is not finite.
    """
    values = _checked(returns, least=1)
    decay = 1.0 - _alpha(span)
    path = values**2
    mass = 1.0
    for t in range(1, len(path)):
        before, mass = mass, 1.0 + decay * mass
        path[t] = (path[t] + decay * before * path[t - 1]) / mass
    return path


def ewma_covariance(returns: Floats, span: int = 20) -> Floats:
    """Give the zero-mean EWMA covariance per day, (N, N), of (T, N) returns, weighted as `ewma_volatility`.

    Raises:
        BadInput: not (T, N), no returns, or one that is not finite.
    """
    values = _checked_panel(returns, least=1)
    return np.asarray((values * _weights(len(values), span)[:, None]).T @ values)


def ledoit_wolf_covariance(returns: Floats) -> Floats:
    """Shrink the sample covariance of (T, N) returns towards a scaled identity: (N, N) per day, positive definite.

    Source: Ledoit and Wolf, A well-conditioned estimator for large-dimensional covariance matrices, 2004.

    Raises:
        BadInput: not (T, N), fewer than two sessions, or a return that is not finite.
    """
    values = _checked_panel(returns, least=2)
    from sklearn.covariance import ledoit_wolf  # noqa: PLC0415 - heavy, and few callers need it

    return np.asarray(ledoit_wolf(values)[0], dtype=np.float64)


def correlation_to(returns: Floats, column: int) -> Floats:
    """Correlate each of (T, N) returns with `column`: (N,) in [-1, 1]; 0 where either does not move at all.

    Raises:
        BadInput: not (T, N), fewer than two sessions, or a return that is not finite.
    """
    values = _checked_panel(returns, least=2)
    centred = values - values.mean(axis=0)
    deviation = np.sqrt((centred**2).mean(axis=0))
    scale = deviation * deviation[column]
    moves = (deviation > ZERO) & (deviation[column] > ZERO)
    shared = centred.T @ centred[:, column] / len(values)
    correlation = np.divide(shared, scale, out=np.zeros_like(shared), where=moves)
    return np.asarray(np.clip(correlation, -1.0, 1.0))


def mean_abs_move(closes: Floats, sessions: int = 14) -> Floats:
    """Average the absolute daily return of the last `sessions`: a fraction >= 0, () for (T,) and (N,) for (T, N).

    Raises:
        BadInput: a close that is no price, or fewer than `sessions` + 1 of them.
    """
    if len(closes) <= sessions:
        raise BadInput(f"{len(closes)} closes for {sessions} moves", f"pass {sessions + 1} or more")
    return np.asarray(np.abs(simple_returns(closes[-sessions - 1 :])).mean(axis=0))


def _alpha(span: int) -> float:
    if span < 1:
        raise BadInput(f"span {span}", "use 1 or more sessions")
    return 2.0 / (span + 1.0)


def _weights(count: int, span: int) -> Floats:
    raw = (1.0 - _alpha(span)) ** np.arange(count - 1, -1, -1, dtype=np.float64)
    return np.asarray(raw / raw.sum())


def _checked(returns: Floats, least: int) -> Floats:
    values = np.asarray(returns, dtype=np.float64)
    if values.ndim not in {1, 2} or len(values) < least:
        raise BadInput(f"returns of shape {values.shape}", f"pass {least} or more sessions of one or more symbols")
    if not np.isfinite(values).all():
        raise BadInput("a return that is not finite", "drop the sessions without a price first")
    return values


def _checked_panel(returns: Floats, least: int) -> Floats:
    values = _checked(returns, least)
    if values.ndim == 1:
        raise BadInput("returns of one dimension", "pass (sessions, symbols)")
    return values
