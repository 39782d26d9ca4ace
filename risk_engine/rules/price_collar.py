"""A limit price far from the market."""

from typing import ClassVar

from domain.trade import Trade
from domain.verdict import Outcome, RuleResult
from risk_engine.limits import Ceiling, percent
from risk_engine.rule import Rule, outcome_below
from risk_engine.rules import RULES
from risk_engine.situation import Situation


@RULES.register
class PriceCollar(Rule):
    """Want a limit near the quote's mid, or the last close without one; an exit is asked about, never refused."""

    applies_to_exits: ClassVar[bool] = True

    soft: Ceiling
    hard: Ceiling

    def check(self, trade: Trade, situation: Situation) -> RuleResult:
        """Measure the distance, on either side, as a fraction of the market's price."""
        limit = trade.proposal.limit_price
        if limit is None:
            return self.not_applicable("no limit price")
        market = situation.price(trade.symbol)
        observed = abs(limit / market - 1.0)
        outcome = outcome_below(observed, self.soft, self.hard)
        if outcome is Outcome.HARD and situation.is_exit(trade):
            outcome = Outcome.SOFT
        said = f"the limit {limit:.2f} is {percent(observed)} from {market:.2f}"
        said += f" (soft {percent(self.soft)}, hard {percent(self.hard)})"
        return self.says(outcome, said, observed=observed, soft=self.soft, hard=self.hard)
