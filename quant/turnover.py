"""How much was traded between what a portfolio had drifted to and what it became."""

import numpy as np

from quant.arrays import Floats


def one_way_turnover(target: Floats, drifted: Floats) -> float:
    """Return half the sum of absolute changes of (N,) weights, cash included: a fraction of equity.

    `target` and `drifted` are weights of the symbols alone; cash is what is left of one. Last targets are not what a
    portfolio holds: pass the weights prices have made of them.
    """
    change = np.asarray(target, dtype=np.float64) - np.asarray(drifted, dtype=np.float64)
    return 0.5 * float(np.abs(change).sum() + abs(change.sum()))
