"""Options, which are representable and off."""

from domain.trade import Trade
from domain.verdict import Outcome, RuleResult
from risk_engine.limits import Permission
from risk_engine.rule import Rule
from risk_engine.rules import RULES
from risk_engine.situation import Situation


@RULES.register
class OptionsRisk(Rule):
    """Refuse every option; where policy permits them they can't be judged, because no snapshot knows contracts."""

    allowed: Permission

    def check(self, trade: Trade, situation: Situation) -> RuleResult:  # noqa: ARG002 - the same in every situation
        """Look for legs."""
        legs = trade.proposal.legs
        if not legs:
            return self.not_applicable("no options")
        if not self.allowed:
            return self.says(Outcome.HARD, f"{len(legs)} option legs, and options are off")
        return self.not_evaluated("no feed knows contracts, expiries and open interest")
