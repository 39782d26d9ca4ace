"""How much is invested for each dollar of equity."""

from domain.trade import Trade
from risk_engine.resizing import ExposureRule
from risk_engine.rules import RULES
from risk_engine.situation import Situation


@RULES.register
class MaxLeverage(ExposureRule):
    """Cap gross exposure; net exposure has the same limits and is never larger, so that it needs no look of its own."""

    def others(self, trade: Trade, situation: Situation) -> float:
        """Weigh the rest of the book."""
        return situation.gross - situation.line(trade.symbol).weight

    def phrase(self, trade: Trade, situation: Situation) -> str:  # noqa: ARG002 - one for all
        """Speak of the whole book."""
        return "gross exposure would be"
