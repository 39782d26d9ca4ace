"""Dollars won for each dollar lost."""

import numpy as np

from quant.arrays import ZERO
from quant.measure import Measure, measured, observed, undefined
from quant.metrics import METRICS
from quant.track import Track


@METRICS.register
def profit_factor(track: Track) -> Measure:
    """Divide the sum of gains by that of losses, over closed trades net of cost; undefined without a loss."""
    if track.trades is None:
        return undefined("no_trades", 0, 0)
    values, missing = observed(track.trades)
    if len(values) == 0:
        return undefined("no_trades", 0, missing)
    with np.errstate(over="ignore", invalid="ignore"):
        gains, losses = float(values[values > 0.0].sum()), -float(values[values < 0.0].sum())
        if losses < ZERO:
            return undefined("no_losses", len(values), missing)
        return measured(gains / losses, len(values), missing)
