"""What the proposal itself says about its risk."""

from domain.trade import Trade
from domain.verdict import Outcome, RuleResult
from risk_engine.limits import Floor
from risk_engine.rule import Rule, outcome_above
from risk_engine.rules import RULES
from risk_engine.situation import Situation


@RULES.register
class ModelRisk(Rule):
    """Ask when a proposal calls itself high risk, or promises less than it may lose; whoever wrote it."""

    reward_to_risk: Floor

    def check(self, trade: Trade, situation: Situation) -> RuleResult:  # noqa: ARG002 - the same for every rule
        """Divide the upside by the worst case; without a worst case any upside will do."""
        words = trade.proposal
        if words.risk_level == "high":
            return self.says(Outcome.SOFT, "the proposal calls its risk high")
        upside, worst = words.expected_upside_pct, words.worst_case_loss_pct
        if worst == 0.0:
            outcome = Outcome.PASS if upside > 0.0 else Outcome.SOFT
            return self.says(outcome, f"upside {upside:g} % against no worst case", soft=self.reward_to_risk)
        ratio = upside / worst
        said = f"upside {upside:g} % against a worst case of {worst:g} %: {ratio:.2f} (soft {self.reward_to_risk:g})"
        outcome = outcome_above(ratio, self.reward_to_risk, 0.0)
        return self.says(outcome, said, observed=ratio, soft=self.reward_to_risk)
