"""What a metric answers: a number, or the reason why there is none."""

from typing import Literal, Protocol

import numpy as np
from pydantic import Field

from domain.value import Value
from quant.arrays import Floats

Reason = Literal["n<1", "n<2", "zero_variance", "no_losses", "no_drawdown", "no_trades", "overflow"]

LARGEST_SHARE_MISSING = 0.05


class Measure(Value):
    """A metric of `n` observed returns; `missing` sessions had none. Exactly one of `value` and `reason` is None."""

    value: float | None
    reason: Reason | None = None
    n: int = Field(ge=0)
    missing: int = Field(default=0, ge=0)
    standard_error: float | None = None

    @property
    def low_quality(self) -> bool:
        """Whether more than 5 % of the sessions are missing."""
        return self.missing > LARGEST_SHARE_MISSING * (self.n + self.missing)


class Metric(Protocol):
    """A measure of one series; answers anything, raises nothing."""

    def __call__(self, returns: Floats, /) -> Measure:
        """Measure (T,) simple net returns a session, fractions; NaN marks a session without one."""
        ...


def observed(returns: Floats) -> tuple[Floats, int]:
    """Drop what is not finite, never zero it; return the rest, (n,), and how many were dropped."""
    values = np.asarray(returns, dtype=np.float64)
    finite = values[np.isfinite(values)]
    return finite, len(values) - len(finite)


def measured(value: float, n: int, missing: int, standard_error: float | None = None) -> Measure:
    """Report a number; one that is beyond floating point is undefined."""
    if not np.isfinite(value):
        return undefined("overflow", n, missing)
    return Measure(value=float(value), n=n, missing=missing, standard_error=standard_error)


def undefined(reason: Reason, n: int, missing: int) -> Measure:
    """Report why there is no number."""
    return Measure(value=None, reason=reason, n=n, missing=missing)
