"""What a portfolio earned beyond its share of the benchmark."""

import numpy as np

from quant.arrays import SESSIONS_A_YEAR
from quant.measure import Measure, measured, paired, undefined
from quant.metrics import METRICS
from quant.metrics.beta import beta
from quant.track import Track


@METRICS.register
def alpha(track: Track) -> Measure:
    """Annualise Jensen's alpha, 252 x (mean(r - rf) - beta x mean(b - rf)): a fraction, with its standard error.

    The error is that of the regression's intercept with residuals taken as independent. Source: Jensen 1968.
    """
    slope = beta(track)
    if slope.value is None or track.benchmark is None:
        return undefined(slope.reason or "no_benchmark", slope.n, slope.missing)
    mine, theirs, missing = paired(track.excess, np.asarray(track.benchmark, dtype=np.float64) - track.risk_free)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        intercept = float(mine.mean() - slope.value * theirs.mean())
        left = mine - intercept - slope.value * theirs
        spread = float((theirs - theirs.mean()) @ (theirs - theirs.mean()))
        scatter = float(left @ left) / max(len(mine) - 2, 1)
        error = float(np.sqrt(scatter * (1.0 / len(mine) + theirs.mean() ** 2 / spread)))
    return measured(intercept * SESSIONS_A_YEAR, len(mine), missing, standard_error=error * SESSIONS_A_YEAR)
