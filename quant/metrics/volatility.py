"""How widely returns scatter."""

import numpy as np

from quant.arrays import SESSIONS_A_YEAR, Floats
from quant.measure import Measure, measured, observed, undefined
from quant.metrics import METRICS


@METRICS.register
def volatility(returns: Floats) -> Measure:
    """Annualise the standard deviation (ddof 1) of (T,) returns: a fraction >= 0; undefined below two returns."""
    values, missing = observed(returns)
    if len(values) < 2:  # noqa: PLR2004 - a sample deviation needs two
        return undefined("n<2", len(values), missing)
    with np.errstate(over="ignore", invalid="ignore"):
        deviation = values.std(ddof=1) * np.sqrt(SESSIONS_A_YEAR)
    return measured(float(deviation), len(values), missing)
