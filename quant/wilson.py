"""How far a share of successes may be from the truth."""

from typing import Final

import numpy as np

Z_95: Final = 1.959963984540054
"""The 97.5 % point of the normal distribution."""


def wilson_interval(successes: float, n: int) -> tuple[float, float]:
    """Bound a share of `n` >= 1 trials with 95 % confidence: two fractions.

    Source: Wilson, Probable inference, the law of succession, and statistical inference, 1927.
    """
    share, z2 = successes / n, Z_95**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z_95 * float(np.sqrt(share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    return max(0.0, centre - half), min(1.0, centre + half)
