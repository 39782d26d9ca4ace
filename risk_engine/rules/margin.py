"""What a margin account has left."""

from typing import ClassVar

from domain.trade import Trade
from domain.verdict import Outcome, RuleResult
from risk_engine.limits import CountCeiling, Floor, percent
from risk_engine.rule import Rule, outcome_above
from risk_engine.rules import RULES
from risk_engine.situation import Situation


@RULES.register
class Margin(Rule):
    """Want excess over maintenance in a margin account; day trades are only remarked on, their rule is gone."""

    same_for_entries: ClassVar[bool] = True

    soft: Floor
    hard: Floor
    day_trades: CountCeiling

    def check(self, trade: Trade, situation: Situation) -> RuleResult:  # noqa: ARG002 - the same for every trade
        """Look at the account as the broker reports it."""
        book = situation.book
        if not book.margin_account:
            return self.not_applicable("a cash account")
        excess = book.margin_excess
        if excess is None:
            return self.not_evaluated("the margin excess is not known")
        outcome = outcome_above(excess, self.soft, self.hard)
        said = f"margin excess {percent(excess)} (soft {percent(self.soft)}, hard {percent(self.hard)})"
        if book.day_trades >= self.day_trades:
            outcome = Outcome.ALERT if outcome is Outcome.PASS else outcome
            said += f"; {book.day_trades} day trades in five sessions"
        return self.says(outcome, said, observed=excess, soft=self.soft, hard=self.hard)
