"""Whether we know what we have."""

from typing import ClassVar

from domain.trade import Trade
from domain.verdict import Outcome, RuleResult
from risk_engine.limits import CountCeiling
from risk_engine.rule import Rule
from risk_engine.rules import RULES
from risk_engine.situation import Situation


@RULES.register
class ReconciledBook(Rule):
    """Ask when the outcome of an order is unknown; refuse when several are, or when book and broker differ."""

    same_for_entries: ClassVar[bool] = True

    unknown_soft: CountCeiling
    unknown_hard: CountCeiling
    mismatches_hard: CountCeiling

    def check(self, trade: Trade, situation: Situation) -> RuleResult:  # noqa: ARG002 - the same for every trade
        """Count; each limit is the number from which on it breaches."""
        unknown, mismatches = situation.book.unknown_orders, situation.book.mismatches
        if mismatches >= self.mismatches_hard:
            said = f"{mismatches} differences between book and broker (hard {self.mismatches_hard})"
            return self.says(Outcome.HARD, said, observed=mismatches, hard=self.mismatches_hard)
        said = f"{unknown} orders with unknown outcome (soft {self.unknown_soft}, hard {self.unknown_hard})"
        refused, asked = unknown >= self.unknown_hard, unknown >= self.unknown_soft
        outcome = Outcome.HARD if refused else Outcome.SOFT if asked else Outcome.PASS
        return self.says(outcome, said, observed=unknown, soft=self.unknown_soft, hard=self.unknown_hard)
