"""Does it leave when the plan says so, or earlier, or later?"""

import numpy as np

from domain.episodes import Episode
from evals.behaviour import BEHAVIOUR
from evals.finding import Finding, Level, too_few
from evals.history import History
from evals.round_trips import RoundTrip, round_trips
from quant.bootstrap import mean_interval

FEWEST = 5
GRACE = 1
"""Sessions between a trigger seen at a close and the exit it causes."""
OFTEN = 0.3


@BEHAVIOUR.register
def exit_discipline(history: History) -> Finding:
    """Average what leaving off the plan cost, as a fraction of the entry price: 0 is the plan, above 0 it cost.

    Late: the plan's stop, target or horizon had fired more than one session before the exit; the cost is what the
    first close after the trigger would have brought, less what the exit brought. Early: nothing had fired; the cost is
    what the plan would have brought, less what the exit brought. An early exit whose plan has not ended in the record
    is counted, and costs nothing yet.
    """
    trips = [trip for trip in round_trips(history) if trip.episode is not None and trip.closes]
    if len(trips) < FEWEST:
        return too_few("exit_discipline", len(trips), FEWEST, "closed positions had a plan")
    costs, kinds = [], {"early": 0, "late": 0, "on_plan": 0, "unfinished": 0}
    for trip in trips:
        assert trip.episode is not None
        kind, cost = _judge(history, trip, trip.episode)
        kinds[kind] += 1
        costs.append(cost)
    values = np.array(costs)
    bounds = mean_interval(values, [trip.closed for trip in trips])
    low, high = bounds or (None, None)
    off = (kinds["early"] + kinds["late"] + kinds["unfinished"]) / len(trips)
    level = Level.WARNING if low is not None and low > 0.0 else Level.WATCH if off > OFTEN else Level.FINE
    return Finding(
        name="exit_discipline",
        value=float(values.mean()),
        n=len(trips),
        low=low,
        high=high,
        baseline=0.0,
        level=level,
        parts={kind: float(count) for kind, count in kinds.items()},
        sentence=(
            f"{kinds['early'] + kinds['unfinished']} exits were early and {kinds['late']} late, of {len(trips)}; "
            f"leaving off the plan cost {values.mean():+.2%} a position."
        ),
    )


def _judge(history: History, trip: RoundTrip, plan: Episode) -> tuple[str, float]:
    start, end = history.rows[trip.opened], history.rows[trip.closed]
    closes = history.closes[:, history.columns[trip.symbol]]
    fired = _trigger(history, closes, start, plan)
    if fired is None:
        return "unfinished", 0.0
    if fired > end:
        return "early", (float(closes[fired]) - trip.exit_price) / trip.entry_price
    after = min(fired + GRACE, len(closes) - 1)
    if end > after:
        return "late", (float(closes[after]) - trip.exit_price) / trip.entry_price
    return "on_plan", 0.0


def _trigger(history: History, closes: np.ndarray, start: int, plan: Episode) -> int | None:
    for row in range(start + 1, len(closes)):
        close = float(closes[row])
        if plan.stop_price is not None and close <= plan.stop_price:
            return row
        if plan.take_profit_price is not None and close >= plan.take_profit_price:
            return row
        if plan.horizon is not None and history.sessions[row] >= plan.horizon:
            return row
    return None
