"""Cash that stays cash."""

from domain.trade import Side, Trade
from domain.verdict import Outcome, RuleResult
from risk_engine.answer import finite
from risk_engine.limits import Estimate, Floor
from risk_engine.resizing import ResizingRule
from risk_engine.rule import outcome_above
from risk_engine.rules import RULES
from risk_engine.situation import Situation


@RULES.register
class CashBuffer(ResizingRule):
    """Keep a share of equity in cash after everything open and reserved is bought; more of it when fear is high.

    The one measure that falls with the quantity. Sales that are not filled yet count for nothing.
    """

    soft: Floor
    hard: Floor
    calm_vix: Estimate
    per_vix_point: Floor
    most: Floor

    def buffer(self, situation: Situation) -> float:
        """Give the soft limit that holds now: a fraction of equity."""
        vix = situation.market.vix
        if vix is None:
            return self.soft
        return max(self.soft, min(self.soft + self.per_vix_point * (finite(vix) - self.calm_vix), self.most))

    def limits(self, trade: Trade, situation: Situation) -> tuple[float, float]:  # noqa: ARG002 - one for all trades
        """Give the soft limit that holds now, and the hard one."""
        return self.buffer(situation), self.hard

    def measure(self, trade: Trade, situation: Situation) -> float:
        """Take what the trade costs from what is free."""
        return situation.free_cash - trade.quantity * situation.cost(trade)

    def largest(self, trade: Trade, situation: Situation, limit: float) -> float:
        """Solve for the quantity."""
        return (situation.free_cash - limit) / situation.cost(trade)

    def phrase(self, trade: Trade, situation: Situation) -> str:  # noqa: ARG002 - one for all
        """Speak of what stays."""
        vix = situation.market.vix
        return f"at VIX {vix:.1f} cash would fall to" if vix is not None else "VIX not known, cash would fall to"

    def aside(self, trade: Trade, situation: Situation) -> RuleResult | None:  # noqa: ARG002 - one for all books
        """Judge purchases only: a short sale uses no cash, and brings none that counts."""
        return self.not_applicable("a sale uses no cash") if trade.side is Side.SELL else None

    def outcome(self, observed: float, soft: float, hard: float) -> Outcome:
        """Judge cash, of which there can be too little."""
        return outcome_above(observed, soft, hard)
