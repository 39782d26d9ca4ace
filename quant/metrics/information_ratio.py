"""Reward for leaving the benchmark."""

import numpy as np

from quant.arrays import SESSIONS_A_YEAR, ZERO
from quant.measure import Measure, measured, paired, undefined
from quant.metrics import METRICS
from quant.track import Track


@METRICS.register
def information_ratio(track: Track) -> Measure:
    """Annualise mean(r - b) / std(r - b), ddof 1; undefined without a benchmark, or where nothing differs from it.

    Source: Grinold and Kahn, Active portfolio management, 1999.
    """
    if track.benchmark is None:
        return undefined("no_benchmark", 0, 0)
    mine, theirs, missing = paired(track.returns, track.benchmark)
    if len(mine) < 2:  # noqa: PLR2004 - a sample deviation needs two
        return undefined("n<2", len(mine), missing)
    with np.errstate(over="ignore", invalid="ignore"):
        active = mine - theirs
        deviation = float(active.std(ddof=1))
        if deviation < ZERO:
            return undefined("zero_variance", len(mine), missing)
        return measured(float(active.mean()) / deviation * float(np.sqrt(SESSIONS_A_YEAR)), len(mine), missing)
