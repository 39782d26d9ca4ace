"""How far a mean may be from the truth, without assuming a distribution."""

from collections.abc import Hashable, Sequence
from typing import Final

import numpy as np

from quant.arrays import Floats

DRAWS: Final = 1000
SEED: Final = 20261126


def mean_interval(values: Floats, groups: Sequence[Hashable] | None = None) -> tuple[float, float] | None:
    """Bound the mean of (n,) values with 95 % confidence by resampling; None below two groups.

    Values of one group (a day, say) are drawn together, since they move together. The same values give the same bounds.
    Source: Efron and Tibshirani, An introduction to the bootstrap, 1993 (percentile interval).
    """
    numbers = np.asarray(values, dtype=np.float64)
    names = list(range(len(numbers))) if groups is None else list(groups)
    keys = {name: place for place, name in enumerate(dict.fromkeys(names))}
    if len(keys) < 2:  # noqa: PLR2004 - one group can't be resampled
        return None
    place = np.array([keys[name] for name in names])
    sums, counts = np.bincount(place, weights=numbers), np.bincount(place)
    drawn = np.random.default_rng(SEED).integers(0, len(keys), size=(DRAWS, len(keys)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
