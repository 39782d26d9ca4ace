"""The deepest fall below the highest point so far."""

from quant.drawdown import drawdown_path
from quant.measure import Measure, measured, observed, undefined
from quant.metrics import METRICS
from quant.track import Track


@METRICS.register
def max_drawdown(track: Track) -> Measure:
    """Find min W_t / max(1, W_s<=t) - 1 of the returns: a fraction <= 0; undefined without a return.

    The start W_0 = 1 counts as a high, so a loss on the first day is seen. `drawdown_length` tells how long it lasted.
    """
    values, missing = observed(track.returns)
    if len(values) == 0:
        return undefined("n<1", 0, missing)
    return measured(float(drawdown_path(track.returns).min()), len(values), missing)
