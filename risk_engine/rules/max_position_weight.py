"""What one symbol may weigh."""

from domain.trade import Trade
from risk_engine.limits import Ceiling
from risk_engine.resizing import ExposureRule
from risk_engine.rules import RULES
from risk_engine.situation import Situation


@RULES.register
class MaxPositionWeight(ExposureRule):
    """Cap what one symbol may weigh after the trade and all that is open; funds may weigh more than stocks."""

    etf_soft: Ceiling
    etf_hard: Ceiling

    def limits(self, trade: Trade, situation: Situation) -> tuple[float, float]:
        """Look at the kind of instrument."""
        member = situation.mandate.universe.get(trade.symbol)
        return (self.etf_soft, self.etf_hard) if member and member.kind == "etf" else (self.soft, self.hard)

    def others(self, trade: Trade, situation: Situation) -> float:  # noqa: ARG002 - the same for every cap
        """Share the cap with nobody."""
        return 0.0

    def phrase(self, trade: Trade, situation: Situation) -> str:  # noqa: ARG002 - one for all
        """Speak of the weight."""
        return f"{trade.symbol} would weigh"
