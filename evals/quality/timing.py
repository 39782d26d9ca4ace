"""How well entries and exits used the range that prices travelled while a position was open."""

import numpy as np

from evals.finding import Finding, Level, too_few
from evals.history import History
from evals.quality import QUALITY
from evals.round_trips import RoundTrip, round_trips
from quant.bootstrap import mean_interval

FEWEST = 10
CHANCE_TOTAL = 0.11
"""Random longs of 21 sessions on close-only bars of this feed enter at 0.55 and leave at 0.56 of their range."""


@QUALITY.register
def timing(history: History) -> Finding:
    """Average total efficiency of closed longs: (exit - entry) / (highest - lowest) over the open interval, in [-1, 1].

    `entry` is (highest - entry) / range and `exit` (exit - lowest) / range; total = entry + exit - 1. Closes
    understate the range. Source: Sweeney, Campaign trading, 1996.
    """
    scored = [(trip, parts) for trip in round_trips(history) if (parts := _efficiency(trip)) is not None]
    if len(scored) < FEWEST:
        return too_few("timing", len(scored), FEWEST, "closed positions have a range")
    entries, exits = (np.array(column) for column in zip(*(parts for _, parts in scored), strict=True))
    total = entries + exits - 1.0
    bounds = mean_interval(total, [trip.closed for trip, _ in scored])
    value = float(total.mean())
    low, high = bounds or (None, None)
    worse = high is not None and high < CHANCE_TOTAL
    return Finding(
        name="timing",
        value=value,
        n=len(scored),
        low=low,
        high=high,
        baseline=CHANCE_TOTAL,
        level=Level.WARNING if worse else Level.FINE if low is not None and low > CHANCE_TOTAL else Level.WATCH,
        parts={"entry": float(entries.mean()), "exit": float(exits.mean())},
        sentence=(
            f"Entries took {entries.mean():.0%} and exits {exits.mean():.0%} of the range they had "
            f"(by chance about 55 % and 56 %), {len(scored)} closed positions."
        ),
    )


def _efficiency(trip: RoundTrip) -> tuple[float, float] | None:
    if not trip.closes:
        return None
    seen = (trip.entry_price, *trip.closes[1:-1], trip.exit_price)
    low, high = min(seen), max(seen)
    if high - low <= 0.0:
        return None
    return (high - trip.entry_price) / (high - low), (trip.exit_price - low) / (high - low)
