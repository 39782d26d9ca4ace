"""What a metric answers: a number, or the reason why there is none."""

from typing import Literal, Protocol

import numpy as np
from pydantic import Field

from domain.value import Value
from quant.arrays import Floats
from quant.track import Track

Reason = Literal[
    "n<1",
    "n<2",
    "losses<2",
    "short_tail",
    "zero_variance",
    "no_losses",
    "no_drawdown",
    "no_trades",
    "no_benchmark",
    "no_turnover",
    "no_exposure",
    "overflow",
]

LARGEST_SHARE_MISSING = 0.05


class Measure(Value):
    """A metric of `n` observations; `missing` more had no value. Exactly one of `value` and `reason` is None.

    `low` and `high` bound a 95 % interval where the metric has one.
    """

    value: float | None
    reason: Reason | None = None
    n: int = Field(ge=0)
    missing: int = Field(default=0, ge=0)
    standard_error: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def low_quality(self) -> bool:
        """Whether more than 5 % of the sessions are missing."""
        return self.missing > LARGEST_SHARE_MISSING * (self.n + self.missing)


class Metric(Protocol):
    """A measure of one record; answers anything, raises nothing."""

    def __call__(self, track: Track, /) -> Measure:
        """Measure what a portfolio did; says why where that can't be told."""
        ...


def observed(returns: Floats) -> tuple[Floats, int]:
    """Drop what is not finite, never zero it; return the rest, (n,), and how many were dropped."""
    values = np.asarray(returns, dtype=np.float64)
    finite = values[np.isfinite(values)]
    return finite, len(values) - len(finite)


def paired(first: Floats, second: Floats) -> tuple[Floats, Floats, int]:
    """Drop what is not finite in either of two (T,) series; return both rests, and how many were dropped."""
    one, two = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    finite = np.isfinite(one) & np.isfinite(two)
    return one[finite], two[finite], int(len(one) - finite.sum())


def measured(
    value: float, n: int, missing: int, standard_error: float | None = None, interval: tuple[float, float] | None = None
) -> Measure:
    """Report a number; one that is beyond floating point is undefined."""
    if not np.isfinite(value):
        return undefined("overflow", n, missing)
    low, high = interval or (None, None)
    error = standard_error if standard_error is not None and np.isfinite(standard_error) else None
    return Measure(value=float(value), n=n, missing=missing, standard_error=error, low=low, high=high)


def undefined(reason: Reason, n: int, missing: int) -> Measure:
    """Report why there is no number."""
    return Measure(value=None, reason=reason, n=n, missing=missing)
