"""Short-term reversal: what fell much in a week, for its volatility, comes back."""

from typing import ClassVar

import numpy as np

from quant.arrays import ZERO, Floats
from quant.moments import ewma_variance_path
from quant.returns import checked_closes, simple_returns
from quant.strategies import STRATEGIES
from quant.strategy import Strategy

WEEK = 5
SPAN = 20


@STRATEGIES.register
class MeanReversion(Strategy):
    """Minus the 5-session return in units of its volatility.

    Sources: Jegadeesh, Evidence of predictable behavior of security returns, 1990; Lehmann, Fads, martingales, and
    market efficiency, 1990.
    """

    name: ClassVar[str] = "mean_reversion"
    horizon_sessions: ClassVar[int] = 5
    lookback: ClassVar[int] = SPAN + 1

    def scores(self, closes: Floats) -> Floats:
        """Return -(gain from t-5 to t) / (EWMA volatility of 5 sessions) for (T, N) closes; 0 where nothing moved."""
        values = checked_closes(closes)
        reversal = np.full_like(values, np.nan)
        if len(values) < self.lookback:
            return reversal
        gain = values[SPAN:] / values[SPAN - WEEK : -WEEK] - 1.0
        deviation = np.sqrt(WEEK * ewma_variance_path(simple_returns(values), SPAN)[SPAN - 1 :])
        reversal[SPAN:] = np.divide(-gain, deviation, out=np.zeros_like(gain), where=deviation > ZERO)
        return reversal
