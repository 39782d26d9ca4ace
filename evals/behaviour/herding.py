"""Does it run after what has just risen?"""

from datetime import date

import numpy as np

from domain.proposal import Origin
from domain.trade import Side
from evals.behaviour import BEHAVIOUR
from evals.finding import Finding, Level, too_few
from evals.history import History
from quant.bootstrap import mean_interval

FEWEST = 20
MONTH = 20
TREND_FOLLOWS = 0.5


@BEHAVIOUR.register
def herding(history: History) -> Finding:
    """Average where purchases stand among all symbols by the last 20 sessions' return: a fraction, 0.5 by chance.

    `buys_minus_sells` is the same less that of the analysts' own sales, 0 by chance. A strategy that follows trends
    has a place of its own: `signal` is that of what its signal ranked highest, as far as the record tells; compare
    with it. Source: Barber and Odean, All that glitters, 2008.
    """
    mine = [one.episode for one in history.judged if one.episode.origin in {Origin.MODEL, Origin.QUANT}]
    traded = [e for e in mine if e.proposal_id is not None and e.side is not None]
    places = [(e, place) for e in traded if (place := _place(history, e.symbol, e.session)) is not None]
    buys = [(e.session, place) for e, place in places if e.side is Side.BUY]
    sells = [place for e, place in places if e.side is Side.SELL]
    if len(buys) < FEWEST:
        return too_few("herding", len(buys), FEWEST, "purchases with a month of prices before them")
    values = np.array([place for _, place in buys])
    value = float(values.mean())
    bounds = mean_interval(values, [session for session, _ in buys])
    low, high = bounds or (None, None)
    parts = {} if not sells else {"buys_minus_sells": value - float(np.mean(sells))}
    strong = [place for e, place in places if e.situation.get("signal") == "4" and e.side is Side.BUY]
    parts |= {"signal": float(np.mean(strong))} if strong else {}
    runs = low is not None and low > TREND_FOLLOWS
    return Finding(
        name="herding",
        value=value,
        n=len(buys),
        low=low,
        high=high,
        baseline=0.5,
        level=Level.WATCH if runs else Level.FINE,
        parts=parts,
        sentence=f"What it buys stood at {value:.0%} of last month's ranking (by chance 50 %), {len(buys)} purchases.",
    )


def _place(history: History, symbol: str, session: date) -> float | None:
    moves = {name: history.move(name, session, MONTH) for name in history.symbols}
    known = {name: move for name, move in moves.items() if move is not None}
    if symbol not in known or len(known) < 2:  # noqa: PLR2004 - a place among others
        return None
    below = sum(move < known[symbol] for move in known.values())
    ties = sum(move == known[symbol] for move in known.values()) - 1
    return (below + ties / 2.0) / (len(known) - 1)
