"""Names that move as one count as one."""

from domain.trade import Trade
from domain.verdict import Outcome, RuleResult
from risk_engine.limits import Ceiling, Window
from risk_engine.resizing import ExposureRule
from risk_engine.rules import RULES
from risk_engine.situation import Situation


@RULES.register
class CorrelationLimit(ExposureRule):
    """Cap what all names together may weigh that correlate with the traded one; no chaining through third names.

    Without another such name in the book nothing binds: a lone name is the business of `max_position_weight`.
    """

    correlation: Ceiling
    sessions: Window
    fewest_sessions: Window

    def aside(self, trade: Trade, situation: Situation) -> RuleResult | None:
        """Judge the group, when there is one."""
        if situation.figures.sessions < self.fewest_sessions:
            known = situation.figures.sessions
            return self.not_evaluated(f"{known} returns known, {self.fewest_sessions} needed for a correlation")
        if self._together(trade, situation) is None:
            said = f"nothing in the book correlates with {trade.symbol} by {self.correlation:g} or more"
            return self.says(Outcome.PASS, said, soft=self.soft, hard=self.hard)
        return None

    def others(self, trade: Trade, situation: Situation) -> float:
        """Weigh the correlated names of the book."""
        return self._together(trade, situation) or 0.0

    def phrase(self, trade: Trade, situation: Situation) -> str:  # noqa: ARG002 - one for all
        """Speak of the group."""
        return f"names that correlate with {trade.symbol} would weigh"

    def _together(self, trade: Trade, situation: Situation) -> float | None:
        return situation.similar(trade.symbol, self.sessions, self.correlation)
