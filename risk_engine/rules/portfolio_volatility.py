"""How wildly the book would move."""

import math

from domain.trade import Trade
from domain.verdict import RuleResult
from risk_engine.limits import Window
from risk_engine.resizing import CappedRule
from risk_engine.rules import RULES
from risk_engine.situation import Situation

SESSIONS_A_YEAR = 252


@RULES.register
class PortfolioVolatility(CappedRule):
    """Cap the annualised EWMA volatility of the book after the trade.

    Its variance is a parabola in the quantity. A trade that would calm a book that is over its limit gets no credit:
    the measure never falls below that of the book before.
    """

    span: Window

    def aside(self, trade: Trade, situation: Situation) -> RuleResult | None:  # noqa: ARG002 - one for all trades
        """Judge the book after the trade, when enough is known of it."""
        if situation.figures.sessions < self.span:
            return self.not_evaluated(f"{situation.figures.sessions} returns known, {self.span} needed")
        return None

    def measure(self, trade: Trade, situation: Situation) -> float:
        """Take the larger of before and after: annualised, a fraction."""
        a, b, c = self._parabola(trade, situation)
        units = trade.quantity
        return math.sqrt(max(a, a + (2.0 * b + c * units) * units))

    def largest(self, trade: Trade, situation: Situation, limit: float) -> float:
        """Solve the parabola for the quantity at which it reaches the limit."""
        a, b, c = self._parabola(trade, situation)
        left = limit**2 - a
        if left < 0.0:
            return 0.0
        if c <= 0.0:
            return math.inf
        return (math.sqrt(b * b + c * left) - b) / c

    def phrase(self, trade: Trade, situation: Situation) -> str:  # noqa: ARG002 - one for all
        """Speak of the whole book."""
        return "the book would move in a year by"

    def _parabola(self, trade: Trade, situation: Situation) -> tuple[float, float, float]:
        a, b, c = situation.parabola(trade, self.span)
        return SESSIONS_A_YEAR * a, SESSIONS_A_YEAR * b, SESSIONS_A_YEAR * c
