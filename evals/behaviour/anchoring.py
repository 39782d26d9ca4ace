"""Do round numbers and its own entry prices pull on its decisions?"""

import numpy as np
from scipy import stats

from domain.proposal import Origin
from evals.behaviour import BEHAVIOUR
from evals.finding import Finding, Level, too_few
from evals.history import History
from evals.round_trips import round_trips
from quant.wilson import wilson_interval

FEWEST = 20
ROUND_BY_CHANCE = 0.02
"""Of prices in whole cents one in fifty ends in .00 or .50."""
NEAR = 0.0025
RARE = 0.05
DISCRETIONARY = frozenset({Origin.MODEL, Origin.PERSON})


@BEHAVIOUR.register
def anchoring(history: History) -> Finding:
    """Divide stops and targets that stand on a whole or half dollar by all that were stated: 0.02 by chance.

    `near_entry` is the share of exits by choice within 0.25 % of the entry price, `near_entry_chance` the share of
    closes that stood there while those positions were open, `near_entry_p` a one-sided binomial test of the two.
    """
    stated = [
        price
        for one in history.judged
        if one.episode.proposal_id and one.episode.origin in DISCRETIONARY
        for price in (one.episode.stop_price, one.episode.take_profit_price)
        if price is not None
    ]
    near = _near_entry(history)
    if len(stated) < FEWEST:
        few = too_few("anchoring", len(stated), FEWEST, "stops and targets stated by choice")
        return few.model_copy(update={"parts": near})
    on_round = sum(_is_round(price) for price in stated)
    share = on_round / len(stated)
    low, high = wilson_interval(on_round, len(stated))
    odds = float(stats.binomtest(on_round, len(stated), ROUND_BY_CHANCE, alternative="greater").pvalue)
    pulled = near.get("near_entry_p", 1.0) < RARE
    return Finding(
        name="anchoring",
        value=share,
        n=len(stated),
        low=low,
        high=high,
        baseline=ROUND_BY_CHANCE,
        level=Level.WARNING if odds < RARE and pulled else Level.WATCH if odds < RARE or pulled else Level.FINE,
        parts={"p": odds} | near,
        sentence=f"{share:.0%} of {len(stated)} stops and targets stand on a whole or half dollar (by chance 2 %).",
    )


def _is_round(price: float) -> bool:
    return abs(price * 2.0 - round(price * 2.0)) < 1e-6  # noqa: PLR2004 - far below a cent


def _near_entry(history: History) -> dict[str, float]:
    trips = [
        trip
        for trip in round_trips(history)
        if trip.exited_by and trip.exited_by.origin in DISCRETIONARY and trip.closes
    ]
    if not trips:
        return {}
    exits = sum(abs(trip.exit_price / trip.entry_price - 1.0) <= NEAR for trip in trips)
    closes = np.concatenate([np.asarray(trip.closes[1:]) / trip.entry_price - 1.0 for trip in trips])
    chance = float((np.abs(closes) <= NEAR).mean()) if len(closes) else 0.0
    odds = float(stats.binomtest(exits, len(trips), min(max(chance, 1e-9), 1.0), alternative="greater").pvalue)
    return {"near_entry": exits / len(trips), "near_entry_chance": chance, "near_entry_p": odds}
