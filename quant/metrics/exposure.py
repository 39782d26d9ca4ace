"""How much of the equity was at work on average."""

import numpy as np

from quant.measure import Measure, measured, observed, undefined
from quant.metrics import METRICS
from quant.track import Track


@METRICS.register
def exposure(track: Track) -> Measure:
    """Average gross exposure over the sessions: a fraction of equity, above one with leverage."""
    if track.exposure is None:
        return undefined("no_exposure", 0, 0)
    values, missing = observed(track.exposure)
    if len(values) == 0:
        return undefined("n<1", 0, missing)
    with np.errstate(over="ignore", invalid="ignore"):
        return measured(float(values.mean()), len(values), missing)
