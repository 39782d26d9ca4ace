"""What was given away: trades that were refused, against those that were taken."""

import numpy as np

from domain.episodes import Judged, Span
from evals.finding import Finding, Level, too_few
from evals.history import History
from evals.quality import QUALITY
from quant.bootstrap import mean_interval

FEWEST = 5


@QUALITY.register
def regret(history: History) -> Finding:
    """Subtract what refused entries would have made from what taken ones made, in R: above 0 selection pays.

    R is the risk to the stop, so that trades of different risk compare; both sides follow their exit plan and pay the
    same cost. `missed` adds up the refused gains, `avoided` the refused losses. Chance is 0. Source: Bell, Regret in
    decision making under uncertainty, 1982.
    """
    entries = [one for one in history.judged if one.episode.proposal_id and not one.episode.reduces]
    scored = [(one, r) for one in entries if (r := in_risk(one)) is not None]
    taken = [(one, r) for one, r in scored if one.outcomes[-1].traded]
    refused = [(one, r) for one, r in scored if not one.outcomes[-1].traded]
    if len(taken) < FEWEST or len(refused) < FEWEST:
        few = min(len(taken), len(refused))
        return too_few("regret", few, FEWEST, f"entries on the rarer side ({len(taken)} taken, {len(refused)} refused)")
    mean_taken, mean_refused = np.mean([r for _, r in taken]), np.mean([r for _, r in refused])
    value = float(mean_taken - mean_refused)
    bounds = _interval(taken, refused)
    gains = [r for _, r in refused]
    low, high = bounds or (None, None)
    level = Level.WATCH
    if low is not None and high is not None:
        level = Level.WARNING if high < 0.0 else Level.FINE if low > 0.0 else Level.WATCH
    return Finding(
        name="regret",
        value=value,
        n=len(scored),
        low=low,
        high=high,
        baseline=0.0,
        level=level,
        parts={
            "taken_r": float(mean_taken),
            "refused_r": float(mean_refused),
            "missed_r": float(sum(max(r, 0.0) for r in gains)),
            "avoided_r": float(sum(min(r, 0.0) for r in gains)),
            "taken": float(len(taken)),
            "refused": float(len(refused)),
        },
        sentence=(
            f"Taken entries made {mean_taken:+.2f} R each, refused ones would have made {mean_refused:+.2f} R "
            f"({len(taken)} against {len(refused)})."
        ),
    )


def in_risk(judged: Judged) -> float | None:
    """Express what the exit plan made of an entry in units of its risk; None where either is not known."""
    end, distance = judged.after(Span.HORIZON), judged.episode.stop_distance
    return end.ruled_gain / distance if end is not None and distance else None


def _interval(taken: list[tuple[Judged, float]], refused: list[tuple[Judged, float]]) -> tuple[float, float] | None:
    """Bound the difference of means: each side's deviation by resampling days, combined as independent."""
    sides = []
    for side in (taken, refused):
        bounds = mean_interval(np.array([r for _, r in side]), [one.episode.session for one, _ in side])
        if bounds is None:
            return None
        sides.append((float(np.mean([r for _, r in side])), bounds))
    (a, (a_low, a_high)), (b, (b_low, b_high)) = sides
    below = float(np.hypot(a - a_low, b_high - b))
    above = float(np.hypot(a_high - a, b - b_low))
    return a - b - below, a - b + above
