"""How the market moves: calm, all together, or under stress."""

from bisect import bisect_left
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from domain.scan import Regime
from domain.value import Value
from quant.arrays import ZERO, Floats
from quant.moments import ewma_volatility

WINDOW: Final = 63
ENTER: Final = 0.80
LEAVE: Final = 0.60
FEWEST_READINGS: Final = 126
STRESSED_VOLATILITY: Final = 0.30
_BLOCK: Final = 256
_DIGITS: Final = 12


class RegimeReading(Value):
    """The regime, with what it was read from.

    `mean_correlation` is in [-1, 1], None where fewer than two symbols moved over 63 sessions; `volatility` is that of
    the equal-weight market, annualised, a fraction.
    """

    regime: Regime
    mean_correlation: float | None
    volatility: float


def read_regime(returns: Floats) -> RegimeReading:
    """Read the regime of the last session from (T, N) returns.

    STRESSED when the equal-weight market's EWMA volatility (span 20) is at 30 % or above, whatever the correlation;
    else CROWDED by the mean correlation of 63 sessions; else CALM. Sources: Pollet and Wilson, Average correlation and
    stock market returns, 2010; Longin and Solnik, Extreme correlation of international equity markets, 2001. The
    percentiles and the 30 % are conventions of ours, not estimates.

    Raises:
        BadInput: no returns, or one that is not finite.
    """
    volatility = float(ewma_volatility(returns.mean(axis=1)))
    correlations = mean_correlations(returns)
    latest = float(correlations[-1]) if len(correlations) else np.nan
    crowded = is_crowded(correlations)
    return RegimeReading(
        regime=_regime(volatility, crowded=crowded),
        mean_correlation=latest if np.isfinite(latest) else None,
        volatility=volatility,
    )


def mean_correlations(returns: Floats, window: int = WINDOW) -> Floats:
    """Average the correlations of all pairs over a rolling `window`: (T, N) returns give (T-window+1,) in [-1, 1].

    Symbols that did not move within a window are left out of it; NaN where fewer than two are left. With every series
    standardised, the mean of the pairs is (Var(sum z) - N) / (N (N - 1)), so no correlation matrix is built.
    """
    if len(returns) < window:
        return np.empty(0)
    before = _LAST.of(returns, window)
    windows = sliding_window_view(returns, window, axis=0)
    if before is None:
        starts = range(0, len(windows) - 1, _BLOCK)
        before = [_mean_correlation(windows[start : min(start + _BLOCK, len(windows) - 1)]) for start in starts]
    found = np.concatenate([*before, _mean_correlation(windows[-1:])])
    _LAST.keep(returns, window, found)
    return found


def is_crowded(correlations: Floats) -> bool:
    """Say whether the market is crowded at the last of (T,) readings, each judged by itself and earlier ones only.

    Enter at or above the 80th percentile of the readings so far, leave at or below the 60th, stay in between; never
    crowded before 126 readings. A NaN changes nothing. So the latest reading that enters or leaves decides.
    """
    readings = np.round(correlations[np.isfinite(correlations)], _DIGITS).tolist()
    seen = sorted(readings)
    for reading in reversed(readings):
        if len(seen) < FEWEST_READINGS or reading <= _percentile(seen, LEAVE):
            return False
        if reading >= _percentile(seen, ENTER):
            return True
        del seen[bisect_left(seen, reading)]
    return False


class _Last:
    """The last answer: a replay asks next for the same returns, a session on, and all windows but one are the same."""

    def __init__(self) -> None:
        self._kept: tuple[Floats, int, Floats] | None = None

    def of(self, returns: Floats, window: int) -> list[Floats] | None:
        """The averages of all windows but the last one, if they are known."""
        kept = self._kept
        if kept is None or kept[1] != window or kept[0].shape[1:] != returns.shape[1:]:
            return None
        older, _, found = kept
        for dropped in range(min(len(older) - window, 2) + 1):
            if np.array_equal(older[dropped:], returns[:-1]):
                return [found[dropped:]]
        return None

    def keep(self, returns: Floats, window: int, found: Floats) -> None:
        """Remember an answer."""
        self._kept = (returns.copy(), window, found.copy())


_LAST = _Last()


def _mean_correlation(windows: Floats) -> Floats:
    deviation = windows.std(axis=2)
    moves = deviation > ZERO
    weights = np.divide(1.0, deviation, out=np.zeros_like(deviation), where=moves)
    together = np.einsum("wnk,wn->wk", windows, weights).var(axis=1)
    count = moves.sum(axis=1)
    pairs = (count * (count - 1)).astype(np.float64)
    mean = np.divide(together - count, pairs, out=np.full(len(windows), np.nan), where=pairs > 0.0)
    return np.asarray(np.clip(mean, -1.0, 1.0))


def _percentile(ordered: list[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def _regime(volatility: float, *, crowded: bool) -> Regime:
    if volatility >= STRESSED_VOLATILITY:
        return Regime.STRESSED
    return Regime.CROWDED if crowded else Regime.CALM
