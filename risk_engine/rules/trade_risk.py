"""What is lost when the stop is hit."""

from domain.errors import BadInput
from domain.market import Execution
from domain.trade import Trade
from risk_engine.limits import Floor
from risk_engine.resizing import CappedRule
from risk_engine.rules import RULES
from risk_engine.situation import Situation


@RULES.register
class TradeRisk(CappedRule):
    """Cap the loss from entry to stop; on the close alone a stop is met late, so that the loss is larger."""

    close_factor: Floor

    def measure(self, trade: Trade, situation: Situation) -> float:
        """Multiply quantity and loss a unit: a fraction of equity."""
        return trade.quantity * self._loss(trade, situation)

    def largest(self, trade: Trade, situation: Situation, limit: float) -> float:
        """Solve for the quantity."""
        return limit / self._loss(trade, situation)

    def phrase(self, trade: Trade, situation: Situation) -> str:  # noqa: ARG002 - one for all
        """Speak of the loss."""
        return f"{trade.symbol} at its stop would cost"

    def _loss(self, trade: Trade, situation: Situation) -> float:
        if trade.plan is None:
            raise BadInput(f"{trade.symbol}: an entry without an exit plan", "size the proposal again")
        factor = self.close_factor if situation.market.execution is Execution.CLOSE else 1.0
        return trade.plan.stop_distance * factor * situation.cost(trade)
