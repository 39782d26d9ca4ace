"""Momentum: what rose over the last year, its last month left out, goes on rising."""

from typing import ClassVar

import numpy as np

from quant.arrays import Floats
from quant.returns import checked_closes
from quant.strategies import STRATEGIES
from quant.strategy import Strategy

YEAR = 252
MONTH = 21


@STRATEGIES.register
class Trend(Strategy):
    """The 12-1 momentum. Source: Jegadeesh and Titman, Returns to buying winners and selling losers, 1993."""

    name: ClassVar[str] = "trend"
    horizon_sessions: ClassVar[int] = 63
    lookback: ClassVar[int] = YEAR + 1

    def scores(self, closes: Floats) -> Floats:
        """Return the gain from t-252 to t-21, a fraction above -1, for (T, N) closes."""
        values = checked_closes(closes)
        momentum = np.full_like(values, np.nan)
        if len(values) >= self.lookback:
            momentum[YEAR:] = values[YEAR - MONTH : -MONTH] / values[:-YEAR] - 1.0
        return momentum
