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
        if not self._group(trade, situation):
            said = f"nothing in the book correlates with {trade.symbol} by {self.correlation:g} or more"
            return self.says(Outcome.PASS, said, soft=self.soft, hard=self.hard)
        return None

    def others(self, trade: Trade, situation: Situation) -> float:
        """Weigh the correlated names of the book."""
        return sum(situation.lines[symbol].weight for symbol in self._group(trade, situation))

    def phrase(self, trade: Trade, situation: Situation) -> str:  # noqa: ARG002 - one for all
        """Speak of the group."""
        return f"names that correlate with {trade.symbol} would weigh"

    def _group(self, trade: Trade, situation: Situation) -> list[str]:
        close = situation.figures.similar(trade.symbol, self.sessions, self.correlation)
        return [symbol for symbol in close if symbol in situation.names]
