"""Cash that stays cash."""

from domain.trade import Side, Trade
from domain.verdict import RuleResult
from risk_engine.limits import Estimate, Floor, percent
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
        return max(self.soft, min(self.soft + self.per_vix_point * max(vix - self.calm_vix, 0.0), self.most))

    def limits(self, trade: Trade, situation: Situation) -> tuple[float, float]:  # noqa: ARG002 - one for all trades
        """Give the soft limit that holds now, and the hard one."""
        return self.buffer(situation), self.hard

    def measure(self, trade: Trade, situation: Situation) -> float:
        """Take what the trade costs from what is free."""
        return situation.free_cash - trade.quantity * situation.cost(trade)

    def largest(self, trade: Trade, situation: Situation, limit: float) -> float:
        """Solve for the quantity."""
        return (situation.free_cash - limit) / situation.cost(trade)

    def phrase(self, trade: Trade) -> str:  # noqa: ARG002 - the same for every rule
        """Speak of what stays."""
        return "cash would fall to"

    def check(self, trade: Trade, situation: Situation) -> RuleResult:
        """Judge purchases only: a short sale uses no cash, and brings none that counts."""
        if trade.side is Side.SELL:
            return self.not_applicable("a sale uses no cash")
        soft, hard = self.limits(trade, situation)
        observed = self.measure(trade, situation)
        vix = situation.market.vix
        why = "VIX not known" if vix is None else f"VIX {vix:.1f}"
        text = f"{self.phrase(trade)} {percent(observed)} (soft {percent(soft)} at {why}, hard {percent(hard)})"
        units = self.largest(trade, situation, soft)
        return self.fits(trade, units, outcome_above(observed, soft, hard), text, observed, soft, hard)
