"""Did the answers that people gave help, against doing what the system had shown?"""

import numpy as np
from scipy import stats

from domain.episodes import Judged, Span
from evals.finding import Finding, Level, too_few
from evals.history import History
from evals.quality import QUALITY
from quant.bootstrap import mean_interval

FEWEST = 5
DESK = frozenset({"", "clock", "desk", "system"})
RARE = 0.05


@QUALITY.register
def people(history: History) -> Finding:
    """Average what each answer added per card, as a fraction of what the card showed: 0 is following the system.

    The shadow is the card executed whole; declining it is worth minus its gain, approving it changes nothing, taking a
    part of it changes the rest. Paired per card, with a bootstrap over days and a sign test. Source: Fildes et al.,
    Effective forecasting and judgmental adjustments, 2009; Dietvorst et al. 2015.
    """
    cases = [(one, added) for one in history.judged if (added := _added(one)) is not None]
    if len(cases) < FEWEST:
        return too_few("people", len(cases), FEWEST, "answered cards have reached their horizon")
    values = np.array([added for _, added in cases])
    bounds = mean_interval(values, [one.episode.session for one, _ in cases])
    changed = values[values != 0.0]
    better = int((changed > 0.0).sum())
    odds = float(stats.binomtest(better, len(changed)).pvalue) if len(changed) else 1.0
    parts = {"sign_test_p": odds, "changed": float(len(changed)), "better": float(better)}
    for answer in ("approve", "reject"):
        mine = [added for one, added in cases if one.episode.answer == answer]
        parts[f"{answer}_mean"] = float(np.mean(mine)) if mine else 0.0
        parts[answer] = float(len(mine))
    low, high = bounds or (None, None)
    hurt = high is not None and high < 0.0
    helped = low is not None and low > 0.0
    return Finding(
        name="people",
        value=float(values.mean()),
        n=len(cases),
        low=low,
        high=high,
        baseline=0.0,
        level=Level.WARNING if hurt else Level.FINE if helped or odds > RARE else Level.WATCH,
        parts=parts,
        sentence=(
            f"{len(cases)} answered cards: answers added {values.mean():+.2%} a card against executing what was shown; "
            f"{better} of {len(changed)} changes were for the better."
        ),
    )


def _added(judged: Judged) -> float | None:
    episode, end = judged.episode, judged.after(Span.HORIZON)
    if episode.answered_by in DESK or episode.answer not in {"approve", "reject"} or end is None or episode.reduces:
        return None
    if episode.answer == "reject":
        return -end.ruled_gain
    shown = episode.shown_quantity or episode.approved_quantity
    if not shown or episode.approved_quantity is None:
        return None
    return (episode.approved_quantity / shown - 1.0) * end.ruled_gain
