"""Does it sell winners and keep losers?"""

from collections.abc import Iterable

import numpy as np

from domain.episodes import Span
from evals.behaviour import BEHAVIOUR
from evals.finding import Finding, Level, too_few
from evals.history import History
from evals.round_trips import SaleDay, round_trips, sale_days

FEWEST = 10
Z_95 = 1.96


@BEHAVIOUR.register
def disposition(history: History) -> Finding:
    """Subtract the share of losses realised from that of gains realised on days with a sale: PGR - PLR, in [-1, 1].

    The baseline is what the exit plans alone would have shown on the same positions, for rules have a disposition too:
    trend followers about -0.2, mean reversion about +0.4. Source: Odean, Are investors reluctant to realize their
    losses?, 1998, with his standard error.
    """
    counted = _count(sale_days(history))
    gains, losses = counted[0] + counted[1], counted[2] + counted[3]
    if min(gains, losses) < FEWEST:
        return too_few("disposition", min(gains, losses), FEWEST, "gains and losses were there to be realised")
    effect, error = _effect(*counted)
    shadow = _effect_of_plans(history)
    baseline = shadow if shadow is not None else 0.0
    low, high = effect - Z_95 * error, effect + Z_95 * error
    level = Level.WARNING if low > baseline and effect > 0.0 else Level.WATCH if high < baseline else Level.FINE
    return Finding(
        name="disposition",
        value=effect,
        n=gains + losses,
        low=low,
        high=high,
        baseline=baseline,
        level=level,
        parts={
            "gains_realised": counted[0] / gains,
            "losses_realised": counted[2] / losses,
            "beyond_plan": effect - baseline,
        },
        sentence=(
            f"On days with a sale it realised {counted[0] / gains:.0%} of its gains and {counted[2] / losses:.0%} of "
            f"its losses; its plans alone would differ by {baseline:+.2f}, it differs by {effect:+.2f}."
        ),
    )


def _count(days: Iterable[SaleDay]) -> tuple[int, int, int, int]:
    """Count realised gains, paper gains, realised losses, paper losses."""
    sold = [gain for day in days for gain in day.sold]
    kept = [gain for day in days for gain in day.kept]
    return (
        sum(gain > 0.0 for gain in sold),
        sum(gain > 0.0 for gain in kept),
        sum(gain < 0.0 for gain in sold),
        sum(gain < 0.0 for gain in kept),
    )


def _effect(realised_gains: int, paper_gains: int, realised_losses: int, paper_losses: int) -> tuple[float, float]:
    gains, losses = realised_gains + paper_gains, realised_losses + paper_losses
    won, lost = realised_gains / gains, realised_losses / losses
    error = float(np.sqrt(won * (1 - won) / gains + lost * (1 - lost) / losses))
    return won - lost, error


def _effect_of_plans(history: History) -> float | None:
    """The same measure, had every closed position been held exactly as long as its plan said."""
    plans = {one.episode.id: end for one in history.judged if (end := one.after(Span.HORIZON)) is not None}
    spans = []
    for trip in round_trips(history):
        end = plans.get(trip.episode.id) if trip.episode else None
        if end is not None and trip.opened in history.rows and end.ruled_until in history.rows:
            column = history.columns[trip.symbol]
            spans.append((history.rows[trip.opened], history.rows[end.ruled_until], column, trip.entry_price))
    days = []
    for row in sorted({until for _, until, _, _ in spans}):
        at = history.closes[row]
        sold = tuple(float(at[c]) / price - 1.0 for _, until, c, price in spans if until == row)
        kept = tuple(float(at[c]) / price - 1.0 for first, until, c, price in spans if first < row < until)
        days.append(SaleDay(history.sessions[row], sold, kept))
    counted = _count(days)
    if not counted[0] + counted[1] or not counted[2] + counted[3]:
        return None
    return _effect(*counted)[0]
