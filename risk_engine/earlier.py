"""What was entered in the session before a trade."""

from collections.abc import Iterable
from typing import NamedTuple

from domain.book import TradeToday
from domain.trade import Trade


class Earlier(NamedTuple):
    """The session's entries of other proposals: how many, how many of the symbol, and dollars.

    `same_notional` are the dollars of the same symbol and side.
    """

    entries: int
    of_symbol: int
    notional: float
    same_notional: float


def earlier(trade: Trade, today: Iterable[TradeToday]) -> Earlier:
    """Add up the entries of other proposals."""
    name, symbol, side = trade.proposal_id, trade.symbol, trade.side
    entries = of_symbol = 0
    notional = same_notional = 0.0
    for other in today:
        if not other.entry or other.proposal_id == name:
            continue
        entries += 1
        notional += other.notional
        if other.symbol == symbol:
            of_symbol += 1
            if other.side is side:
                same_notional += other.notional
    return Earlier(entries, of_symbol, notional, same_notional)
