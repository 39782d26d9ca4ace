"""How long the deepest fall lasted."""

import numpy as np

from domain.errors import BadInput
from quant.drawdown import worst_drawdown
from quant.measure import Measure, measured, observed, undefined
from quant.metrics import METRICS
from quant.track import Track


@METRICS.register
def drawdown_length(track: Track) -> Measure:
    """Count sessions from the peak before the deepest fall to its recovery, or to the end where there was none."""
    values, missing = observed(track.returns)
    if len(values) == 0:
        return undefined("n<1", 0, missing)
    try:
        worst = worst_drawdown(np.asarray(track.returns, dtype=np.float64))
    except BadInput:
        return undefined("overflow", len(values), missing)
    if worst.depth == 0.0:
        return undefined("no_drawdown", len(values), missing)
    return measured(worst.duration_sessions, len(values), missing)
