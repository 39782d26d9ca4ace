"""The deepest fall below the highest point so far."""

from quant.arrays import Floats
from quant.drawdown import drawdown_path
from quant.measure import Measure, measured, observed, undefined
from quant.metrics import METRICS


@METRICS.register
def max_drawdown(returns: Floats) -> Measure:
    """Find min W_t / max(1, W_s<=t) - 1 of (T,) returns: a fraction <= 0; undefined without a return.

    The start W_0 = 1 counts as a high, so a loss on the first day is seen. `quant.drawdown.worst_drawdown` tells how
    long it lasted.
    """
    values, missing = observed(returns)
    if len(values) == 0:
        return undefined("n<1", 0, missing)
    return measured(float(drawdown_path(returns).min()), len(values), missing)
