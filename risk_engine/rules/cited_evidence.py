"""Whether an argument stands on facts, and on fresh ones."""

from domain.proposal import Origin
from domain.trade import Trade
from domain.verdict import Outcome, RuleResult
from risk_engine.limits import CountCeiling, CountFloor
from risk_engine.rule import Rule
from risk_engine.rules import RULES
from risk_engine.situation import Situation

ARGUED = frozenset({Origin.MODEL, Origin.QUANT})


@RULES.register
class CitedEvidence(Rule):
    """Want what a model or a strategy proposes to cite several distinct facts of the last sessions.

    The facts of an argument that states numbers of its own invention do not count.
    """

    soft: CountFloor
    hard: CountFloor
    max_age_sessions: CountCeiling

    def check(self, trade: Trade, situation: Situation) -> RuleResult:
        """Count the distinct facts that are young enough; the bar of the previous session is one session old."""
        if trade.origin not in ARGUED:
            return self.not_applicable(f"the proposal is not argued from facts: origin {trade.origin.value}")
        market = situation.market
        before = min(self.max_age_sessions, len(market.sessions))
        oldest = market.sessions[-before] if before else market.session
        young = {fact.id for fact in trade.cited if oldest <= fact.session <= market.session}
        count = 0 if trade.ungrounded else len(young)
        outcome = Outcome.HARD if count < self.hard else Outcome.SOFT if count < self.soft else Outcome.PASS
        said = f"{count} facts since {oldest} are cited (soft: below {self.soft}, hard: below {self.hard})"
        if trade.ungrounded:
            said = f"the argument states what is not in the data: {', '.join(trade.ungrounded)}; {said}"
        return self.says(outcome, said, observed=count, soft=self.soft, hard=self.hard)
