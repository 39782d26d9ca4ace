"""What is lost on average where value at risk is reached (CVaR)."""

import numpy as np

from quant.measure import Measure, measured, observed, undefined
from quant.metrics import METRICS
from quant.metrics.value_at_risk import value_at_risk
from quant.track import Track


@METRICS.register
def expected_shortfall(track: Track) -> Measure:
    """Average the returns at or beyond the 95 % value at risk: -mean(r | r <= -VaR), a fraction.

    Equals the definition of Rockafellar and Uryasev (2000) where 5 % of the returns is a whole number.
    """
    values, missing = observed(track.returns)
    edge = value_at_risk(track)
    if edge.value is None:
        return undefined(edge.reason or "overflow", len(values), missing)
    tail = values[values <= -edge.value]
    with np.errstate(over="ignore", invalid="ignore"):
        return measured(-float(tail.mean()), len(values), missing)
