"""How widely returns scatter."""

import numpy as np

from quant.arrays import SESSIONS_A_YEAR
from quant.measure import Measure, measured, observed, undefined
from quant.metrics import METRICS
from quant.track import Track


@METRICS.register
def volatility(track: Track) -> Measure:
    """Annualise the standard deviation (ddof 1) of the returns: a fraction >= 0; undefined below two returns."""
    values, missing = observed(track.returns)
    if len(values) < 2:  # noqa: PLR2004 - a sample deviation needs two
        return undefined("n<2", len(values), missing)
    with np.errstate(over="ignore", invalid="ignore"):
        deviation = values.std(ddof=1) * np.sqrt(SESSIONS_A_YEAR)
    return measured(float(deviation), len(values), missing)
