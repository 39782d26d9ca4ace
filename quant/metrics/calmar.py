"""Growth for the deepest fall."""

from quant.arrays import ZERO
from quant.measure import Measure, measured, undefined
from quant.metrics import METRICS
from quant.metrics.cagr import cagr
from quant.metrics.max_drawdown import max_drawdown
from quant.track import Track


@METRICS.register
def calmar(track: Track) -> Measure:
    """Divide CAGR by the depth of the deepest fall; undefined without one. Source: Young 1991, over 36 months."""
    growth, fall = cagr(track), max_drawdown(track)
    if growth.value is None or fall.value is None:
        return undefined(growth.reason or fall.reason or "overflow", growth.n, growth.missing)
    if abs(fall.value) < ZERO:
        return undefined("no_drawdown", growth.n, growth.missing)
    return measured(growth.value / abs(fall.value), growth.n, growth.missing)
