"""What a session loses at most in nineteen of twenty."""

from typing import Final

import numpy as np

from quant.measure import Measure, measured, observed, undefined
from quant.metrics import METRICS
from quant.track import Track

TAIL: Final = 0.05
FEWEST_IN_TAIL: Final = 5


@METRICS.register
def value_at_risk(track: Track) -> Measure:
    """Read the historical one-day 95 % value at risk: -quantile_5%(r), linear between returns; a fraction.

    A loss is positive; a book that gained even in its tail has a negative one, which is not clipped. Undefined with
    fewer than five returns in the tail (100 in all).
    """
    values, missing = observed(track.returns)
    if len(values) * TAIL < FEWEST_IN_TAIL:
        return undefined("short_tail", len(values), missing)
    with np.errstate(over="ignore", invalid="ignore"):
        return measured(-float(np.quantile(values, TAIL)), len(values), missing)
