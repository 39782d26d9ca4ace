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
        return self._before(trade, situation) + trade.quantity * situation.cost(trade)

    def largest(self, trade: Trade, situation: Situation, limit: float) -> float:  # noqa: ARG002 - the hard one binds
        """Solve for the quantity at the hard limit."""
        left = self.hard - self._before(trade, situation)
        return math.inf if left < 0.0 else left / situation.cost(trade)

    def phrase(self, trade: Trade, situation: Situation) -> str:  # noqa: ARG002 - one for all
        """Speak of the session's entries."""
        return "this session's entries would come to"

    def _before(self, trade: Trade, situation: Situation) -> float:
        earlier = (o.notional for o in situation.book.trades_today if o.entry and o.proposal_id != trade.proposal_id)
        return sum(earlier) / situation.equity
