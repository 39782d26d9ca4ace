"""Whether our clock and the broker's agree."""

from typing import ClassVar

from domain.trade import Trade
from domain.verdict import RuleResult
from risk_engine.limits import Ceiling
from risk_engine.rule import Rule, outcome_below
from risk_engine.rules import RULES
from risk_engine.situation import Situation


@RULES.register
class ClockSkew(Rule):
    """Want the moment of decision to be the broker's moment too."""

    same_for_entries: ClassVar[bool] = True

    soft_seconds: Ceiling
    hard_seconds: Ceiling

    def check(self, trade: Trade, situation: Situation) -> RuleResult:  # noqa: ARG002 - the same for every trade
        """Measure the difference, either way, in seconds."""
        market = situation.market
        if market.broker_clock is None:
            return self.not_evaluated("the broker's clock is not known")
        skew = abs((market.broker_clock - market.as_of).total_seconds())
        soft, hard = self.soft_seconds, self.hard_seconds
        said = f"the broker's clock is {skew:.1f} s from ours (soft {soft:g} s, hard {hard:g} s)"
        return self.says(outcome_below(skew, soft, hard), said, observed=skew, soft=soft, hard=hard)
