"""What the last session cost."""

from typing import ClassVar

from domain.trade import Trade
from domain.verdict import Outcome, RuleResult
from risk_engine.answer import finite
from risk_engine.limits import Ceiling, percent
from risk_engine.rule import TOLERANCE, Rule, outcome_below
from risk_engine.rules import RULES
from risk_engine.situation import Situation


@RULES.register
class DailyLoss(Rule):
    """Ask for entries after a bad session, and refuse them after a very bad one.

    Control states are written by the breakers; this rule only judges, on the same levels.
    """

    same_for_entries: ClassVar[bool] = True

    ask: Ceiling
    reducing: Ceiling
    halted: Ceiling

    def check(self, trade: Trade, situation: Situation) -> RuleResult:  # noqa: ARG002 - the same for every trade
        """Look at the last complete session's unit return; a loss is positive here."""
        change = situation.book.last_session_return
        if change is None:
            return self.says(Outcome.PASS, "no session is complete yet")
        loss, refuse = max(-finite(change), 0.0), min(self.reducing, self.halted)
        said = f"the last session lost {percent(loss)} (soft {percent(self.ask)}, hard {percent(refuse)})"
        outcome = outcome_below(loss, self.ask - 2.0 * TOLERANCE, refuse - 2.0 * TOLERANCE)
        return self.says(outcome, said, observed=loss, soft=self.ask, hard=refuse)
