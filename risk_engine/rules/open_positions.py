"""How many names the book has."""

from domain.trade import Trade
from domain.verdict import Outcome, RuleResult
from risk_engine.limits import CountCeiling
from risk_engine.rule import Rule, outcome_below
from risk_engine.rules import RULES
from risk_engine.situation import Situation


@RULES.register
class OpenPositions(Rule):
    """Cap the number of names held or on their way; adding to one of them makes no new one."""

    soft: CountCeiling
    hard: CountCeiling

    def check(self, trade: Trade, situation: Situation) -> RuleResult:
        """Count the names after the trade."""
        names = situation.names
        count = len(names) + (trade.symbol not in names)
        said = f"{count} positions (soft {self.soft}, hard {self.hard})"
        outcome = Outcome.PASS if trade.symbol in names else outcome_below(count, self.soft, self.hard)
        return self.says(outcome, said, observed=count, soft=self.soft, hard=self.hard)
