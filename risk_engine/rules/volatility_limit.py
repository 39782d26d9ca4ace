"""How wildly the symbol itself moves."""

from domain.trade import Trade
from domain.verdict import RuleResult
from risk_engine.limits import Ceiling, Window, percent
from risk_engine.rule import Rule, outcome_below
from risk_engine.rules import RULES
from risk_engine.situation import Situation


@RULES.register
class VolatilityLimit(Rule):
    """Ask about a symbol that moves too much, and refuse one that moves far too much."""

    soft: Ceiling
    hard: Ceiling
    span: Window

    def check(self, trade: Trade, situation: Situation) -> RuleResult:
        """Look at the annualised EWMA volatility, a fraction."""
        if situation.figures.sessions < self.span:
            return self.not_evaluated(f"{situation.figures.sessions} returns known, {self.span} needed")
        observed = situation.figures.volatility(trade.symbol, self.span)
        said = (
            f"{trade.symbol} moves by {percent(observed)} a year (soft {percent(self.soft)}, hard {percent(self.hard)})"
        )
        outcome = outcome_below(observed, self.soft, self.hard)
        return self.says(outcome, said, observed=observed, soft=self.soft, hard=self.hard)
