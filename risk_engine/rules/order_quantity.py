"""A finger that was too fat."""

import math

from domain.trade import Trade
from domain.verdict import Outcome, RuleResult
from risk_engine.answer import finite
from risk_engine.limits import Ceiling, Window, percent
from risk_engine.rule import TOLERANCE, Rule, outcome_below
from risk_engine.rules import RULES
from risk_engine.situation import Situation


@RULES.register
class OrderQuantity(Rule):
    """Refuse what was asked, whatever it would be resized to, when it is absurd for the book or the market.

    The one rule under which asking more can yield less: that is its purpose.
    """

    equity_hard: Ceiling
    volume_soft: Ceiling
    volume_hard: Ceiling
    volume_sessions: Window

    def check(self, trade: Trade, situation: Situation) -> RuleResult:
        """Compare what was asked with equity, then with the average daily volume."""
        share = finite(trade.asked_quantity * situation.cost(trade))
        asked = f"{trade.asked_quantity:g} {trade.symbol} were asked for, {percent(share)} of equity"
        if share > self.equity_hard + TOLERANCE:
            said = f"{asked} (hard {percent(self.equity_hard)})"
            return self.says(Outcome.HARD, said, observed=share, hard=self.equity_hard)
        volume = situation.average_volume(trade.symbol, self.volume_sessions)
        if volume is None:
            return self.not_evaluated(f"no volumes; {asked} (hard {percent(self.equity_hard)})")
        part = trade.asked_quantity / volume if volume > 0.0 else math.inf
        if part == math.inf:
            return self.says(Outcome.HARD, f"{trade.symbol} has not been traded for {self.volume_sessions} sessions")
        said = f"{asked} and {percent(part)} of daily volume"
        said += f" (soft {percent(self.volume_soft)}, hard {percent(self.volume_hard)})"
        outcome = outcome_below(part, self.volume_soft, self.volume_hard)
        return self.says(outcome, said, observed=part, soft=self.volume_soft, hard=self.volume_hard)
