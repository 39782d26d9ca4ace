"""Does it trade more than its edge pays for?"""

from collections import Counter

import numpy as np

from evals.behaviour import BEHAVIOUR
from evals.finding import Finding, Level, too_few
from evals.history import History
from evals.round_trips import round_trips

FEWEST = 5
DEVIATIONS = 3.0
HEAVY, RUINOUS = 0.25, 0.5


@BEHAVIOUR.register
def overtrading(history: History) -> Finding:
    """Divide commissions by gross profit and loss of closed positions, both as amounts: the cost drag, a fraction.

    `trades_a_month` is the last full month's against its own median + 3 median absolute deviations (`usual_most`).
    Source: Barber and Odean, Trading is hazardous to your wealth, 2000.
    """
    trips = round_trips(history)
    if len(trips) < FEWEST:
        return too_few("overtrading", len(trips), FEWEST, "closed positions")
    cost = sum(trip.cost for trip in trips)
    gross = sum(abs(trip.profit + trip.cost) for trip in trips)
    drag = cost / gross if gross > 0.0 else 1.0
    months = Counter((fill.session.year, fill.session.month) for fill in history.fills)
    counts = np.array([months[key] for key in sorted(months)], dtype=np.float64)
    before = counts[:-1] if len(counts) > 1 else counts
    median = float(np.median(before))
    most = median + DEVIATIONS * float(np.median(np.abs(before - median)))
    bursts = len(counts) > FEWEST and counts[-1] > max(most, median + 1.0)
    level = Level.WARNING if drag > RUINOUS else Level.WATCH if drag > HEAVY or bursts else Level.FINE
    return Finding(
        name="overtrading",
        value=drag,
        n=len(trips),
        baseline=0.0,
        level=level,
        parts={"cost": cost, "trades_a_month": float(counts[-1]), "usual": median, "usual_most": most},
        sentence=(
            f"Costs took {drag:.0%} of what positions moved; {counts[-1]:.0f} executions in the last month, "
            f"{median:.0f} in a usual one."
        ),
    )
