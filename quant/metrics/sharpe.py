"""Reward for scatter: mean excess return over its standard deviation."""

import numpy as np

from quant.arrays import SESSIONS_A_YEAR, ZERO
from quant.measure import Measure, measured, observed, undefined
from quant.metrics import METRICS
from quant.track import Track


@METRICS.register
def sharpe(track: Track) -> Measure:
    """Annualise mean(r - rf) / std(r - rf) (ddof 1) of the returns above the risk-free one.

    Undefined below two returns and without variance. The standard error, annualised too, is
    sqrt((1 + SR^2 / 2) / n) per session. Sources: Sharpe 1994; Lo, The statistics of Sharpe ratios, 2002.
    """
    values, missing = observed(track.excess)
    n = len(values)
    if n < 2:  # noqa: PLR2004 - a sample deviation needs two
        return undefined("n<2", n, missing)
    with np.errstate(over="ignore", invalid="ignore"):
        mean, deviation = float(values.mean()), float(values.std(ddof=1))
    if deviation < ZERO:
        return undefined("zero_variance", n, missing)
    if not np.isfinite(mean) or not np.isfinite(deviation):
        return undefined("overflow", n, missing)
    ratio = mean / deviation
    error = np.sqrt((1.0 + ratio**2 / 2.0) / n)
    scale = float(np.sqrt(SESSIONS_A_YEAR))
    return measured(ratio * scale, n, missing, standard_error=float(error) * scale)
