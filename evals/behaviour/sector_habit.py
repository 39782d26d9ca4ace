"""Does it keep going back to the same corner of the market?"""

from collections import Counter

import numpy as np

from domain.trade import Side
from evals.behaviour import BEHAVIOUR
from evals.finding import Finding, Level, too_few
from evals.history import History

FEWEST = 20
RARE = 0.05
DRAWS = 2000
SEED = 20261126


@BEHAVIOUR.register
def sector_habit(history: History) -> Finding:
    """Measure active share over sectors, half the sum of |share of entries - share of the universe|: 0 to 1.

    The baseline is what as many entries drawn from the universe at random would show on average; `p` is how often they
    would show as much. `effective` is 1 / sum of squared shares, the number of sectors it uses.
    """
    entries = [
        one.episode.sector
        for one in history.judged
        if one.episode.proposal_id and one.episode.side is Side.BUY and not one.episode.reduces
    ]
    if len(entries) < FEWEST or not history.sectors:
        return too_few("sector_habit", len(entries), FEWEST, "purchases")
    names = sorted(set(history.sectors.values()) | set(entries))
    universe = np.array([sum(sector == name for sector in history.sectors.values()) for name in names], dtype=float)
    universe /= universe.sum()
    shares = np.array([entries.count(name) for name in names]) / len(entries)
    value = float(0.5 * np.abs(shares - universe).sum())
    drawn = np.random.default_rng(SEED).multinomial(len(entries), universe, size=DRAWS) / len(entries)
    chance = 0.5 * np.abs(drawn - universe).sum(axis=1)
    p = float((chance >= value).mean())
    favourite, count = Counter(entries).most_common(1)[0]
    return Finding(
        name="sector_habit",
        value=value,
        n=len(entries),
        baseline=float(chance.mean()),
        level=Level.WATCH if p < RARE else Level.FINE,
        parts={"p": p, "effective": float(1.0 / (shares**2).sum())}
        | {f"share.{name}": float(share) for name, share in zip(names, shares, strict=True)},
        sentence=(
            f"{count / len(entries):.0%} of {len(entries)} purchases are {favourite}; as uneven a choice would come by "
            f"chance in {p:.0%} of cases."
        ),
    )
