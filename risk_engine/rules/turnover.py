"""How much of the book is turned over in a day."""

import math

from domain.trade import Trade
from risk_engine.resizing import CappedRule
from risk_engine.rules import RULES
from risk_engine.situation import Situation


@RULES.register
class Turnover(CappedRule):
    """Ask when the session's entries come to much of the equity.

    What would go over the hard limit is resized to it, so that asking more never yields less.
    """

    def measure(self, trade: Trade, situation: Situation) -> float:
        """Add the entry to those accepted before it: a fraction of equity."""
        return situation.earlier(trade).notional / situation.equity + trade.quantity * situation.cost(trade)

    def largest(self, trade: Trade, situation: Situation, limit: float) -> float:  # noqa: ARG002 - the hard one binds
        """Solve for the quantity at the hard limit."""
        left = self.hard - situation.earlier(trade).notional / situation.equity
        return math.inf if left < 0.0 else left / situation.cost(trade)

    def phrase(self, trade: Trade, situation: Situation) -> str:  # noqa: ARG002 - one for all
        """Speak of the session's entries."""
        return "this session's entries would come to"
