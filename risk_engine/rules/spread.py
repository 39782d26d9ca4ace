"""What crossing the quote costs."""

from typing import ClassVar

from domain.trade import Trade
from domain.verdict import Outcome, RuleResult
from risk_engine.limits import Ceiling, percent
from risk_engine.rule import Rule, outcome_below
from risk_engine.rules import RULES
from risk_engine.situation import Situation


@RULES.register
class Spread(Rule):
    """Want a narrow quoted spread; an exit is asked about at most, and without a quote only remarked on."""

    applies_to_exits: ClassVar[bool] = True

    soft: Ceiling
    hard: Ceiling

    def check(self, trade: Trade, situation: Situation) -> RuleResult:
        """Divide ask less bid by the mid; a quote whose bid is above its ask is no quote."""
        is_exit = situation.is_exit(trade)
        bars = situation.market.history.get(trade.symbol)
        if bars is None or bars.quote is None or bars.quote.ask < bars.quote.bid:
            said = f"{trade.symbol} has no quote, or a crossed one"
            return self.says(Outcome.ALERT, said) if is_exit else self.not_evaluated(said)
        observed = (bars.quote.ask - bars.quote.bid) / bars.quote.mid
        outcome = outcome_below(observed, self.soft, self.hard)
        if is_exit and outcome is Outcome.HARD:
            outcome = Outcome.SOFT
        said = f"the spread is {percent(observed)} (soft {percent(self.soft)}, hard {percent(self.hard)})"
        return self.says(outcome, said, observed=observed, soft=self.soft, hard=self.hard)
