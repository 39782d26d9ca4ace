"""How often do people answer otherwise than the system had shown?"""

from domain.episodes import Judged
from evals.behaviour import BEHAVIOUR
from evals.finding import Finding, Level, too_few
from evals.history import History
from quant.wilson import wilson_interval

FEWEST = 5
DESK = frozenset({"", "clock", "desk", "system"})
RUBBER_STAMP, DISTRUST = 0.02, 0.5
ENOUGH = 50


@BEHAVIOUR.register
def overrides(history: History) -> Finding:
    """Divide cards that people declined or cut by all cards they answered: a fraction.

    `expired` counts cards that nobody answered. Almost none overridden among many may be a rubber stamp, most of them a
    system that is not trusted; `evals.quality.people` says whether it helped.
    """
    answered = [one for one in history.judged if one.episode.answered_by not in DESK]
    expired = sum(one.episode.answer == "expire" for one in history.judged)
    if len(answered) < FEWEST:
        return too_few("overrides", len(answered), FEWEST, "cards were answered by people")
    declined = sum(one.episode.answer == "reject" for one in answered)
    cut = sum(_cut(one) for one in answered)
    share = (declined + cut) / len(answered)
    low, high = wilson_interval(declined + cut, len(answered))
    stamped = len(answered) >= ENOUGH and high < RUBBER_STAMP * 5 and share <= RUBBER_STAMP
    return Finding(
        name="overrides",
        value=share,
        n=len(answered),
        low=low,
        high=high,
        level=Level.WATCH if stamped or low > DISTRUST else Level.FINE,
        parts={"declined": float(declined), "cut": float(cut), "expired": float(expired)},
        sentence=(
            f"People declined {declined} and cut {cut} of {len(answered)} cards they answered; {expired} expired "
            "unanswered."
        ),
    )


def _cut(judged: Judged) -> bool:
    episode = judged.episode
    if episode.answer != "approve" or episode.shown_quantity is None or episode.approved_quantity is None:
        return False
    return episode.approved_quantity < episode.shown_quantity
