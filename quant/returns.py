"""From closes to returns."""

import numpy as np

from domain.errors import BadInput
from quant.arrays import Floats


def simple_returns(closes: Floats) -> Floats:
    """Return the change a session as a fraction: (T,) or (T, N) closes in dollars give (T-1,) or (T-1, N).

    Raises:
        BadInput: a close that is not a finite number above zero.
    """
    checked = checked_closes(closes)
    return checked[1:] / checked[:-1] - 1.0


def log_returns(closes: Floats) -> Floats:
    """Return the change of the logarithm a session: (T,) or (T, N) closes in dollars give (T-1,) or (T-1, N).

    Raises:
        BadInput: a close that is not a finite number above zero.
    """
    return np.diff(np.log(checked_closes(closes)), axis=0)


def checked_closes(closes: Floats) -> Floats:
    """Return `closes`, (T,) or (T, N) in dollars, as doubles, sure that each is a finite number above zero.

    Raises:
        BadInput: another shape, or a close that is not; says where the first one stands.
    """
    values = np.asarray(closes, dtype=np.float64)
    if values.ndim not in {1, 2}:
        raise BadInput(f"closes of {values.ndim} dimensions", "pass (sessions,) or (sessions, symbols)")
    good = np.isfinite(values) & (values > 0.0)
    if not good.all():
        where = tuple(int(index) for index in np.argwhere(~good)[0])
        raise BadInput(
            f"close {values[where]} at {where} is no price", "repair the feed: closes are finite, above zero"
        )
    return values
