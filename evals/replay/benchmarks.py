"""What no decision at all would have come to: buy and hold, and equal weight, of the same universe."""

from collections.abc import Sequence
from datetime import date

import numpy as np

from domain.errors import NoData
from evals.replay.result import Prices
from quant.arrays import Floats


def closes_of(prices: Prices, symbols: Sequence[str], days: Sequence[date]) -> Floats:
    """Lay closes side by side: (T, N), dollars.

    Raises:
        NoData: one is missing.
    """
    rows = [[prices.close(day, symbol) for symbol in symbols] for day in days]
    for day, row in zip(days, rows, strict=True):
        if None in row:
            raise NoData(f"{symbols[row.index(None)]} has no close on {day}", "use the feed that the replay ran on")
    return np.array(rows, dtype=np.float64)


def buy_and_hold(closes: Floats) -> Floats:
    """Returns of (T, N) closes bought in equal parts at the first one and left alone, free of cost: (T-1,)."""
    wealth = (closes / closes[0]).mean(axis=1)
    return np.asarray(wealth[1:] / wealth[:-1] - 1.0)


def equal_weight(closes: Floats) -> Floats:
    """Returns of (T, N) closes held in equal parts that are restored at every close, free of cost: (T-1,)."""
    return np.asarray((closes[1:] / closes[:-1] - 1.0).mean(axis=1))
