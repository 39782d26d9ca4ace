"""Growth a year, compounded."""

import numpy as np

from quant.arrays import SESSIONS_A_YEAR
from quant.measure import Measure, measured, observed, undefined
from quant.metrics import METRICS
from quant.track import Track


@METRICS.register
def cagr(track: Track) -> Measure:
    """Annualise wealth: (W_n / W_0)^(252 / elapsed sessions) - 1, a fraction >= -1.

    Sessions without a return count as time that has passed. Undefined below two returns; -1 where wealth is gone.
    Below a year of sessions the unannualised `total_return` says more (GIPS).
    """
    values, missing = observed(track.returns)
    if len(values) < 2:  # noqa: PLR2004 - one return is no growth path
        return undefined("n<2", len(values), missing)
    with np.errstate(over="ignore", invalid="ignore"):
        wealth = np.prod(1.0 + values)
        if wealth <= 0.0:
            return measured(-1.0, len(values), missing)
        return measured(float(wealth ** (SESSIONS_A_YEAR / track.elapsed)) - 1.0, len(values), missing)
