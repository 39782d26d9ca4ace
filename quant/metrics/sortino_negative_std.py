"""The owner's Sortino: mean excess return over the standard deviation of the negative returns."""

import numpy as np

from quant.arrays import SESSIONS_A_YEAR, ZERO
from quant.measure import Measure, measured, observed, undefined
from quant.metrics import METRICS
from quant.track import Track


@METRICS.register
def sortino_negative_std(track: Track) -> Measure:
    """Annualise mean(r - rf) / std(r | r < 0), ddof 1.

    Undefined below two losses. It explodes where losses are of one size and is blind to their mean: read `sortino`
    beside it.
    """
    values, missing = observed(track.excess)
    losses = observed(np.where(np.asarray(track.returns) < 0.0, track.returns, np.nan))[0]
    if len(losses) < 2:  # noqa: PLR2004 - a sample deviation needs two
        return undefined("losses<2", len(values), missing)
    with np.errstate(over="ignore", invalid="ignore"):
        deviation = float(losses.std(ddof=1))
        if deviation < ZERO:
            return undefined("zero_variance", len(values), missing)
        return measured(float(values.mean()) / deviation * float(np.sqrt(SESSIONS_A_YEAR)), len(values), missing)
