"""How numbers leave this room: the same on every machine, and readable."""

from typing import Final

import numpy as np

DIGITS: Final = 6


def rounded(value: float | np.float64) -> float:
    """Round to six decimals, without a minus before zero, so that JSON stays the same on every machine."""
    return round(float(value), DIGITS) + 0.0


def percent(value: float | np.float64) -> str:
    """Write a fraction as a signed percentage: 0.312 is `+31.2 %`."""
    return f"{round(100.0 * float(value), 1) + 0.0:+.1f} %"
