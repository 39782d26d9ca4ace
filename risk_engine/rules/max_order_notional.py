"""What is bought or sold of one symbol in one session."""

from domain.trade import Trade
from risk_engine.resizing import CappedRule
from risk_engine.rules import RULES
from risk_engine.situation import Situation


@RULES.register
class MaxOrderNotional(CappedRule):
    """Cap the session's orders of one symbol and side together, so that small ones can't add up to a large one."""

    def measure(self, trade: Trade, situation: Situation) -> float:
        """Add the order to what was accepted or traded before it: a fraction of equity."""
        return self._before(trade, situation) + trade.quantity * situation.cost(trade)

    def largest(self, trade: Trade, situation: Situation, limit: float) -> float:
        """Solve for the quantity."""
        return (limit - self._before(trade, situation)) / situation.cost(trade)

    def phrase(self, trade: Trade, situation: Situation) -> str:  # noqa: ARG002 - one for all
        """Speak of the session's orders."""
        return f"this session's {trade.side} orders of {trade.symbol} would come to"

    def _before(self, trade: Trade, situation: Situation) -> float:
        return situation.earlier(trade).same_notional / situation.equity
