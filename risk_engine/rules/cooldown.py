"""A pause after a stop."""

from domain.trade import Trade
from domain.verdict import Outcome, RuleResult
from risk_engine.limits import CountCeiling
from risk_engine.rule import Rule
from risk_engine.rules import RULES
from risk_engine.situation import Situation


@RULES.register
class Cooldown(Rule):
    """Ask before going back into what was stopped out this session, and about everything after several stops."""

    all_after: CountCeiling

    def check(self, trade: Trade, situation: Situation) -> RuleResult:
        """Count the symbols that were stopped out."""
        stopped = set(situation.book.stopped_out)
        said = f"{len(stopped)} symbols were stopped out in this session (soft for all: {self.all_after})"
        if trade.symbol in stopped:
            return self.says(Outcome.SOFT, f"{trade.symbol} was stopped out in this session", observed=len(stopped))
        outcome = Outcome.SOFT if len(stopped) >= self.all_after else Outcome.PASS
        return self.says(outcome, said, observed=len(stopped), soft=self.all_after)
