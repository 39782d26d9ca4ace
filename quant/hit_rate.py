"""How often symbols with a score like this one ended higher: the track record of a score bucket."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from domain.value import Fraction, Value
from quant.arrays import Floats
from quant.rounding import rounded

BUCKETS: Final = 5
FEWEST_CASES: Final = 30
ROUND_TRIP_COST: Final = 0.001


class HitRate(Value):
    """The share of `cases` that ended higher net of cost; None below 30 of them, where it would mean nothing."""

    rate: Fraction | None
    cases: int = Field(ge=0)


def hit_rates(scores: Floats, closes: Floats, horizon: int, cost: float = ROUND_TRIP_COST) -> tuple[HitRate, ...]:
    """Judge the bucket that each of N symbols is in now by all completed cases of that bucket, of any symbol.

    `scores` and `closes` (dollars) are (T, N), `horizon` is in sessions, `cost` a fraction for the round trip. A case
    is a session t with t + horizon inside the panel, and a hit when close[t + horizon] * (1 - cost) > close[t]. Cases
    of one symbol overlap: there are fewer independent ones than `cases` says. A symbol without a score has no case.
    """
    buckets = score_buckets(scores)
    started = buckets[: max(len(buckets) - horizon, 0)]
    ended_higher = closes[len(closes) - len(started) :] * (1.0 - cost) > closes[: len(started)]
    scored = started >= 0
    cases = np.bincount(started[scored], minlength=BUCKETS)
    hits = np.bincount(started[scored & ended_higher], minlength=BUCKETS)
    return tuple(_record(int(hits[b]), int(cases[b])) if b >= 0 else HitRate(rate=None, cases=0) for b in buckets[-1])


def score_buckets(scores: Floats) -> NDArray[np.int64]:
    """Split each session's symbols by rank into fifths: (T, N) of 0 (weakest) to 4, -1 where there is no score.

    Of equal scores the earlier column is the stronger.
    """
    known = np.isfinite(scores)
    order = np.argsort(np.where(known, -scores, np.inf), axis=1, kind="stable")
    place = np.empty_like(order)
    np.put_along_axis(place, order, np.arange(scores.shape[1])[None, :], axis=1)
    count = np.maximum(known.sum(axis=1, keepdims=True), 1)
    return np.where(known, BUCKETS - 1 - place * BUCKETS // count, -1).astype(np.int64)


def _record(hits: int, cases: int) -> HitRate:
    return HitRate(rate=rounded(hits / cases) if cases >= FEWEST_CASES else None, cases=cases)
