"""What became of a dollar, not annualised."""

import numpy as np

from quant.measure import Measure, measured, observed, undefined
from quant.metrics import METRICS
from quant.track import Track


@METRICS.register
def total_return(track: Track) -> Measure:
    """Compound the returns: W_n / W_0 - 1, a fraction; undefined without a return."""
    values, missing = observed(track.returns)
    if len(values) == 0:
        return undefined("n<1", 0, missing)
    with np.errstate(over="ignore", invalid="ignore"):
        return measured(float(np.prod(1.0 + values)) - 1.0, len(values), missing)
