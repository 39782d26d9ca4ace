"""Selling what we do not have."""

from typing import ClassVar

from domain.trade import Side, Trade
from domain.verdict import Outcome, RuleResult
from risk_engine.limits import Ceiling, Permission, percent
from risk_engine.rule import TOLERANCE, Rule, outcome_below, whole_lots
from risk_engine.rules import RULES
from risk_engine.situation import Situation


@RULES.register
class ShortSales(Rule):
    """Refuse short sales, or where policy permits them cap one name and all together: hard, never approvable."""

    resizes: ClassVar[bool] = True

    allowed: Permission
    name_hard: Ceiling
    total_hard: Ceiling

    def check(self, trade: Trade, situation: Situation) -> RuleResult:
        """Weigh what would be short after the trade and all open sales: fractions of equity."""
        line, unit = situation.line(trade.symbol), situation.cost(trade)
        beyond = line.sells + trade.quantity - line.held
        if trade.side is Side.BUY or beyond <= TOLERANCE:
            return self.not_applicable("nothing is sold short")
        if not self.allowed:
            said = f"{beyond:g} {trade.symbol} would be sold short, and short sales are off"
            return self.says(Outcome.HARD, said, observed=beyond * unit, hard=0.0)
        others = situation.short - line.short * situation.price(trade.symbol) / situation.equity
        cap = min(self.name_hard, self.total_hard - others)
        observed = beyond * unit
        largest = whole_lots(cap / unit + line.held - line.sells, trade.lot)
        said = f"{trade.symbol} would be short by {percent(observed)} (hard {percent(cap)})"
        outcome = outcome_below(observed, cap, cap)
        return self.says(outcome, said, observed=observed, hard=cap, largest=largest)
