"""What makes the scores of one session comparable: z-scores and ranks across symbols."""

import numpy as np

from quant.arrays import ZERO, Floats
from quant.rounding import rounded


def z_scores(scores: Floats) -> Floats:
    """Standardise each row of (T, N) scores to mean zero and population variance one; NaN stays NaN.

    A row whose scores are all equal becomes zeros.
    """
    known = np.isfinite(scores)
    count = np.maximum(known.sum(axis=1, keepdims=True), 1)
    mean = np.where(known, scores, 0.0).sum(axis=1, keepdims=True) / count
    centred = np.where(known, scores - mean, 0.0)
    deviation = np.sqrt((centred**2).sum(axis=1, keepdims=True) / count)
    standard = np.divide(centred, deviation, out=np.zeros_like(centred), where=deviation > ZERO)
    return np.where(known, standard, np.nan)


def ranks(values: Floats) -> list[int]:
    """Rank (N,) finite values from 1, the largest; of those equal to six decimals the earlier comes first."""
    keys = [rounded(value) for value in values]
    places = [0] * len(keys)
    for place, index in enumerate(sorted(range(len(keys)), key=lambda i: -keys[i]), start=1):
        places[index] = place
    return places
