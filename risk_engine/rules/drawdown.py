"""How far the portfolio is below its reference high."""

from typing import ClassVar

from domain.trade import Trade
from domain.verdict import Outcome, RuleResult
from risk_engine.answer import finite
from risk_engine.limits import Ceiling, percent
from risk_engine.rule import TOLERANCE, Rule, outcome_below, whole_lots
from risk_engine.rules import RULES
from risk_engine.situation import Situation


@RULES.register
class Drawdown(Rule):
    """Halve what was asked at one depth, and refuse entries at the next.

    Control states are written by the breakers; this rule only judges, on the same levels.
    """

    resizes: ClassVar[bool] = True

    half_size: Ceiling
    reducing: Ceiling
    halted: Ceiling
    keep: Ceiling

    def check(self, trade: Trade, situation: Situation) -> RuleResult:
        """Measure the unit value against its reference high: a fraction."""
        book = situation.book
        depth = max(finite(1.0 - book.unit_value / book.reference_high), 0.0)
        said = f"{percent(depth)} below the reference high (half size at {percent(self.half_size)}, "
        said += f"reducing at {percent(self.reducing)}, halted at {percent(self.halted)})"
        refuse = min(self.reducing, self.halted)
        if depth >= refuse - TOLERANCE:
            return self.says(Outcome.HARD, said, observed=depth, soft=self.half_size, hard=refuse)
        if depth < self.half_size - TOLERANCE:
            outcome = outcome_below(depth, self.half_size, refuse)
            return self.says(outcome, said, observed=depth, soft=self.half_size, hard=refuse)
        largest = whole_lots(self.keep * trade.asked_quantity, trade.lot)
        said += f"; {largest:g} of {trade.asked_quantity:g}"
        return self.says(Outcome.ALERT, said, observed=depth, soft=self.half_size, hard=refuse, largest=largest)
