"""Symbols that the mandate excludes, for whatever reason it gives."""

from typing import ClassVar

from domain.trade import Trade
from domain.verdict import Outcome, RuleResult
from risk_engine.rule import Rule
from risk_engine.rules import RULES
from risk_engine.situation import Situation


@RULES.register
class RestrictedList(Rule):
    """Never open or add to an excluded symbol; getting out of one is only remarked on."""

    applies_to_exits: ClassVar[bool] = True

    def check(self, trade: Trade, situation: Situation) -> RuleResult:
        """Look the symbol up."""
        reason = situation.mandate.restricted.get(trade.symbol)
        if reason is None:
            return self.says(Outcome.PASS, f"{trade.symbol} is not restricted")
        outcome = Outcome.ALERT if situation.is_exit(trade) else Outcome.HARD
        return self.says(outcome, f"{trade.symbol} is restricted by the mandate: {reason}")
