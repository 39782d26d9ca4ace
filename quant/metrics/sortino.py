"""Reward for downside: mean excess return over its downside deviation."""

import numpy as np

from quant.arrays import SESSIONS_A_YEAR, ZERO
from quant.measure import Measure, measured, observed, undefined
from quant.metrics import METRICS
from quant.track import Track


@METRICS.register
def sortino(track: Track) -> Measure:
    """Annualise mean(r - rf) / sqrt(mean(min(r - rf, 0)^2)), the downside taken over **all** returns.

    The minimum acceptable return is the risk-free one. Undefined below two returns and without a loss.
    Source: Sortino and Price, Performance measurement in a downside risk framework, 1994. `sortino_negative_std` is
    the other convention.
    """
    values, missing = observed(track.excess)
    if len(values) < 2:  # noqa: PLR2004 - as for every ratio to a deviation
        return undefined("n<2", len(values), missing)
    with np.errstate(over="ignore", invalid="ignore"):
        downside = float(np.sqrt(np.mean(np.minimum(values, 0.0) ** 2)))
        if downside < ZERO:
            return undefined("no_losses", len(values), missing)
        return measured(float(values.mean()) / downside * float(np.sqrt(SESSIONS_A_YEAR)), len(values), missing)
