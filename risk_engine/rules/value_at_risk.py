"""What the book may lose on a bad day."""

import math

import numpy as np

from domain.trade import Trade
from domain.verdict import RuleResult
from risk_engine.figures import Floats, nth
from risk_engine.limits import Estimate, Window
from risk_engine.resizing import CappedRule
from risk_engine.rules import RULES
from risk_engine.situation import Situation


@RULES.register
class ValueAtRisk(CappedRule):
    """Cap the loss of the book after the trade that only few days exceed, by history and by present volatility.

    History: the smallest loss that no more than `tail` of the last sessions exceed. Floor: `normal_quantile` times
    the EWMA volatility a day. A trade that makes a book over its limit safer gets no credit.
    """

    sessions: Window
    fewest_sessions: Window
    tail: Estimate
    span: Window
    normal_quantile: Estimate

    def aside(self, trade: Trade, situation: Situation) -> RuleResult | None:  # noqa: ARG002 - one for all trades
        """Judge the book after the trade, when enough is known of it."""
        if situation.figures.sessions < self.fewest_sessions:
            return self.not_evaluated(f"{situation.figures.sessions} returns known, {self.fewest_sessions} needed")
        return None

    def measure(self, trade: Trade, situation: Situation) -> float:
        """Take the larger of before and after, and of history and floor: a fraction of equity a day."""
        book, unit = self._recent(trade, situation)
        a, b, c = situation.parabola(trade, self.span)
        units = trade.quantity
        floor = self.normal_quantile * math.sqrt(max(a, a + (2.0 * b + c * units) * units))
        place = self._allowed(len(book))
        before = situation.bad_day(self.sessions, place)
        after = nth(book + units * unit, place)
        return max(-before, -after, floor)

    def largest(self, trade: Trade, situation: Situation, limit: float) -> float:
        """Count, for growing quantities, the days that come to exceed the limit, and stop before they are too many.

        A day that leaves the tail again as the quantity grows stays counted, so that more never lets more through.
        """
        book, unit = self._recent(trade, situation)
        room = limit + book
        spare = self._allowed(len(book)) - int(np.count_nonzero(room < 0.0))
        if spare < 0:
            return 0.0
        worse = (unit < 0.0) & (room >= 0.0)
        reached = room[worse] / -unit[worse]
        history = nth(reached, spare) if len(reached) > spare else math.inf
        return min(history, self._by_floor(trade, situation, limit))

    def phrase(self, trade: Trade, situation: Situation) -> str:  # noqa: ARG002 - one for all
        """Speak of the whole book."""
        return "on a bad day the book would lose"

    def _recent(self, trade: Trade, situation: Situation) -> tuple[Floats, Floats]:
        return situation.book_returns[-self.sessions :], situation.returns_a_unit(trade)[-self.sessions :]

    def _allowed(self, days: int) -> int:
        return math.floor(self.tail * days)

    def _by_floor(self, trade: Trade, situation: Situation, limit: float) -> float:
        a, b, c = situation.parabola(trade, self.span)
        left = (limit / self.normal_quantile) ** 2 - a
        if left < 0.0:
            return 0.0
        return (math.sqrt(b * b + c * left) - b) / c if c > 0.0 else math.inf
