"""How far the price may move between what was shown and what is sent."""

import numpy as np

from domain.market import MarketSnapshot
from quant.moments import mean_abs_move

WIDEST = 0.01
SESSIONS = 14


def collar(symbol: str, price: float, market: MarketSnapshot) -> tuple[float, float]:
    """Return the lowest and highest acceptable price in dollars: price ± min(1 %, half the 14-day average true range).

    Where the feed has no highs and lows, the mean absolute close-to-close move of 14 sessions stands in for the range.
    """
    bars = market.history[symbol]
    closes = np.asarray(bars.closes[-SESSIONS - 1 :])
    if bars.highs is not None and bars.lows is not None:
        highs, lows = np.asarray(bars.highs[-SESSIONS:]), np.asarray(bars.lows[-SESSIONS:])
        before = closes[-SESSIONS - 1 : -1]
        ranges = np.maximum(highs, before) - np.minimum(lows, before)
        width = float(np.mean(ranges)) / bars.last_close
    else:
        width = float(mean_abs_move(closes))
    width = min(WIDEST, width / 2.0)
    return round(price * (1.0 - width), 4), round(price * (1.0 + width), 4)
