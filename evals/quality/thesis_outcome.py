"""Did the market go where the thesis said, and more so where it said more?"""

import numpy as np
from scipy import stats

from domain.episodes import Span
from domain.trade import Side
from evals.finding import Finding, Level, too_few
from evals.history import History
from evals.quality import QUALITY
from quant.bootstrap import mean_interval
from quant.stated import neighbours

FEWEST = 10


@QUALITY.register
def thesis_outcome(history: History) -> Finding:
    """Count theses whose symbol beat the benchmark in their direction at the horizon: a fraction; chance is a half.

    Every thesis counts, traded or not, at its own horizon and not at its exit. Theses about one symbol in one month
    share their future and are resampled together. `information_coefficient` is the rank correlation of the move that
    was expected with the one that came, beyond the benchmark. Source: Grinold and Kahn, Active portfolio management,
    1999.
    """
    cases, groups = [], []
    for judged in history.judged:
        end, episode = judged.after(Span.HORIZON), judged.episode
        if end is not None and end.excess is not None and episode.side is not None and not episode.reduces:
            sign = -1.0 if episode.side is Side.SELL else 1.0
            cases.append((sign * episode.expected_upside_pct / 100.0, end.excess, sign * end.excess))
            groups.append(neighbours(episode))
    if len(cases) < FEWEST:
        return too_few("thesis_outcome", len(cases), FEWEST, "theses have reached their horizon")
    expected, excess, realised = (np.array(column) for column in zip(*cases, strict=True))
    right = int((excess > 0.0).sum())
    share = right / len(cases)
    low, high = mean_interval((excess > 0.0).astype(np.float64), groups) or (0.0, 1.0)
    parts = {"mean_excess": float(excess.mean())}
    if np.ptp(expected) > 0.0 and np.ptp(realised) > 0.0:
        parts["information_coefficient"] = float(stats.spearmanr(expected, realised).statistic)
    level = Level.WARNING if high < 0.5 else Level.FINE if low > 0.5 else Level.WATCH  # noqa: PLR2004 - a coin
    return Finding(
        name="thesis_outcome",
        value=share,
        n=len(cases),
        low=low,
        high=high,
        baseline=0.5,
        level=level,
        parts=parts,
        sentence=f"{right} of {len(cases)} theses beat the benchmark in their direction ({share:.0%}; a coin: 50 %).",
    )
