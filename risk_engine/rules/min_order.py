"""Orders too small to be worth their costs."""

from domain.trade import Trade
from domain.verdict import Outcome, RuleResult
from risk_engine.answer import finite
from risk_engine.limits import Floor, percent
from risk_engine.rule import Rule
from risk_engine.rules import RULES
from risk_engine.situation import Situation

ROUNDING = 0.0001
"""What may be missing, in dollars: a hundredth of a cent."""


@RULES.register
class MinOrder(Rule):
    """Refuse an entry below a sum in dollars or a fraction of equity, also when resizing has made it that small."""

    dollars: Floor
    fraction: Floor

    def smallest(self, equity: float) -> float:
        """Give the smallest order, in dollars."""
        return max(self.dollars, self.fraction * equity)

    def check(self, trade: Trade, situation: Situation) -> RuleResult:
        """Compare the notional with the smallest order; both in dollars."""
        smallest, notional = self.smallest(situation.equity), finite(trade.notional)
        said = f"{trade.quantity:g} {trade.symbol} for {notional:,.2f} USD"
        said += f" (hard: below {smallest:,.2f} USD, which is {percent(smallest / situation.equity)} of equity)"
        outcome = Outcome.HARD if notional < smallest - ROUNDING or notional <= 0.0 else Outcome.PASS
        return self.says(outcome, said, observed=notional, hard=smallest)
