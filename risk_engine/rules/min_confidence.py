"""How sure the analyst says it is."""

from domain.proposal import Origin
from domain.trade import Trade
from domain.verdict import RuleResult
from risk_engine.limits import Floor, percent
from risk_engine.rule import Rule, outcome_above
from risk_engine.rules import RULES
from risk_engine.situation import Situation

STATES_CONFIDENCE = frozenset({Origin.MODEL, Origin.QUANT})


@RULES.register
class MinConfidence(Rule):
    """Ask below one confidence and refuse below another; a high one loosens nothing."""

    soft: Floor
    hard: Floor

    def check(self, trade: Trade, situation: Situation) -> RuleResult:
        """Take the lower of what was stated and what such statements have turned out to be worth."""
        if trade.origin not in STATES_CONFIDENCE:
            return self.not_applicable(f"nobody's confidence is asked for: origin {trade.origin.value}")
        stated = trade.proposal.confidence
        calibrated = situation.book.calibrated(trade.origin, stated)
        observed = stated if calibrated is None else min(stated, calibrated)
        told = "" if observed == stated else f", {percent(stated)} as stated"
        said = f"confidence {percent(observed)}{told} (soft {percent(self.soft)}, hard {percent(self.hard)})"
        outcome = outcome_above(observed, self.soft, self.hard)
        return self.says(outcome, said, observed=observed, soft=self.soft, hard=self.hard)
