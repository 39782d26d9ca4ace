"""How far and how long a series was below its highest point so far."""

import numpy as np
from pydantic import Field

from domain.errors import BadInput
from domain.value import Value
from quant.arrays import Floats


class Drawdown(Value):
    """The deepest fall of a series: `depth` is a fraction <= 0, the rest is in sessions.

    `decline_sessions` leads from the peak to the trough, `duration_sessions` from the peak to the recovery, or to the
    end where there was none.
    """

    depth: float = Field(le=0.0)
    decline_sessions: int = Field(ge=0)
    duration_sessions: int = Field(ge=0)
    recovered: bool


def drawdown_path(returns: Floats) -> Floats:
    """Turn (T,) simple returns into (T+1,) falls below the high so far, fractions <= 0, beginning with W_0 = 1.

    A session without a return (NaN) leaves wealth as it was.
    """
    values = np.asarray(returns, dtype=np.float64)
    growth = np.where(np.isfinite(values), 1.0 + values, 1.0)
    with np.errstate(over="ignore", invalid="ignore"):
        wealth = np.concatenate(([1.0], np.cumprod(growth)))
        return np.asarray(wealth / np.maximum.accumulate(wealth) - 1.0)


def worst_drawdown(returns: Floats) -> Drawdown:
    """Find the deepest fall of (T,) simple returns, the first of equal ones.

    Raises:
        BadInput: wealth grows beyond floating point.
    """
    path = drawdown_path(returns)
    if not np.isfinite(path).all():
        raise BadInput("returns whose wealth is beyond floating point", "pass fractions: 0.01 is one per cent")
    trough = int(path.argmin())
    peak = int(np.flatnonzero(path[: trough + 1] == 0.0)[-1])
    back = np.flatnonzero(path[trough:] == 0.0)
    end = trough + int(back[0]) if len(back) else len(path) - 1
    return Drawdown(
        depth=float(path[trough]), decline_sessions=trough - peak, duration_sessions=end - peak, recovered=len(back) > 0
    )


def current_drawdown(levels: Floats) -> Floats:
    """Compare the last of (T,) or (T, N) levels above zero with the highest: fractions <= 0, of shape () or (N,)."""
    values = np.asarray(levels, dtype=np.float64)
    return np.asarray(values[-1] / values.max(axis=0) - 1.0)
