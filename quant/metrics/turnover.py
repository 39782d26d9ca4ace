"""How much of the portfolio is traded a year."""

import numpy as np

from quant.arrays import SESSIONS_A_YEAR
from quant.measure import Measure, measured, observed, undefined
from quant.metrics import METRICS
from quant.track import Track


@METRICS.register
def turnover(track: Track) -> Measure:
    """Annualise one-way turnover: the mean of its events times events a year, a fraction; the first purchase is none.

    `track.turnover` holds what each session traded, zero where nothing was (`quant.turnover.one_way_turnover`).
    """
    if track.turnover is None:
        return undefined("no_turnover", 0, 0)
    values, missing = observed(track.turnover)
    events = np.flatnonzero(values > 0.0)
    if len(values) == 0:
        return undefined("n<1", 0, missing)
    later = values[events[1:]]
    with np.errstate(over="ignore", invalid="ignore"):
        return measured(float(later.sum()) * SESSIONS_A_YEAR / len(track.turnover), len(values), missing)
