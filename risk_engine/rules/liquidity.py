"""Whether the market is deep enough to get in, and out again."""

from domain.errors import BadInput
from domain.trade import Side, Trade
from domain.verdict import RuleResult
from risk_engine.limits import Ceiling, Estimate, Window
from risk_engine.resizing import ResizingRule
from risk_engine.rules import RULES
from risk_engine.situation import Situation


@RULES.register
class Liquidity(ResizingRule):
    """Cap the order as a share of average daily volume, and the days it would take to sell the position again.

    The two are one measure: the order's share of volume, or the share that takes as long to leave, if that is more.
    """

    volume_soft: Ceiling
    volume_hard: Ceiling
    exit_days_soft: Ceiling
    exit_days_hard: Ceiling
    participation: Estimate
    volume_sessions: Window

    def aside(self, trade: Trade, situation: Situation) -> RuleResult | None:
        """Judge both, when the feed has volumes."""
        if situation.average_volume(trade.symbol, self.volume_sessions) is None:
            return self.not_evaluated("no volumes")
        return None

    def limits(self, trade: Trade, situation: Situation) -> tuple[float, float]:
        """Give the limits of whichever of the two is worse."""
        if self._order_binds(*self._shares(trade, situation)):
            return self.volume_soft, self.volume_hard
        return self.exit_days_soft * self.participation, self.exit_days_hard * self.participation

    def measure(self, trade: Trade, situation: Situation) -> float:
        """Give the order, or the position after it, as a fraction of a day's volume."""
        order, position = self._shares(trade, situation)
        return order if self._order_binds(order, position) else position

    def largest(self, trade: Trade, situation: Situation, limit: float) -> float:  # noqa: ARG002 - two limits hold here
        """Solve both for the quantity and take the smaller."""
        volume = self._volume(trade, situation)
        most = self.exit_days_soft * self.participation * volume
        position = situation.units_within(trade, most * situation.cost(trade))
        return min(self.volume_soft * volume - self._on_its_way(trade, situation), position)

    def phrase(self, trade: Trade, situation: Situation) -> str:  # noqa: ARG002 - one for all
        """Speak of a day's volume."""
        return f"of a day's volume in {trade.symbol}, order or exit would take"

    def _order_binds(self, order: float, position: float) -> bool:
        """Whether the order is the worse one: above its hard limit, or else nearer to its soft one."""
        soft, hard = self.exit_days_soft * self.participation, self.exit_days_hard * self.participation
        return (order > self.volume_hard, order / self.volume_soft) >= (position > hard, position / soft)

    def _shares(self, trade: Trade, situation: Situation) -> tuple[float, float]:
        """Divide the order, and the position after it, by a day's volume."""
        volume = self._volume(trade, situation)
        position = situation.weight_after(trade) / situation.cost(trade)
        return (trade.quantity + self._on_its_way(trade, situation)) / volume, position / volume

    def _on_its_way(self, trade: Trade, situation: Situation) -> float:
        line = situation.line(trade.symbol)
        return line.buys if trade.side is Side.BUY else line.sells

    def _volume(self, trade: Trade, situation: Situation) -> float:
        volume = situation.average_volume(trade.symbol, self.volume_sessions)
        if not volume:
            raise BadInput(f"{trade.symbol} has not been traded for {self.volume_sessions} sessions", "leave it alone")
        return volume
