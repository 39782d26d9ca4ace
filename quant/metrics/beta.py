"""How a portfolio moves with its benchmark."""

import numpy as np

from quant.arrays import ZERO
from quant.measure import Measure, measured, paired, undefined
from quant.metrics import METRICS
from quant.track import Track


@METRICS.register
def beta(track: Track) -> Measure:
    """Divide cov(r - rf, b - rf) by var(b - rf), both ddof 1; undefined without a benchmark that moves.

    Source: Jensen, The performance of mutual funds in the period 1945-1964, 1968.
    """
    if track.benchmark is None:
        return undefined("no_benchmark", 0, 0)
    mine, theirs, missing = paired(track.excess, np.asarray(track.benchmark, dtype=np.float64) - track.risk_free)
    if len(mine) < 2:  # noqa: PLR2004 - a covariance needs two
        return undefined("n<2", len(mine), missing)
    with np.errstate(over="ignore", invalid="ignore"):
        table = np.cov(mine, theirs)
        if not table[1, 1] >= ZERO**2:
            return undefined("zero_variance", len(mine), missing)
        return measured(float(table[0, 1] / table[1, 1]), len(mine), missing)
