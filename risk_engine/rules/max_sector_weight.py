"""What one sector may weigh."""

from domain.trade import Trade
from risk_engine.limits import Budgets
from risk_engine.resizing import ExposureRule
from risk_engine.rules import RULES
from risk_engine.situation import Situation


@RULES.register
class MaxSectorWeight(ExposureRule):
    """Cap what the symbol's sector may weigh; a sector can have a budget of its own, the unknown one has."""

    soft_by_sector: Budgets
    hard_by_sector: Budgets

    def budget(self, sector: str) -> tuple[float, float]:
        """Give the soft and the hard limit of one sector."""
        return self.soft_by_sector.get(sector, self.soft), self.hard_by_sector.get(sector, self.hard)

    def limits(self, trade: Trade, situation: Situation) -> tuple[float, float]:
        """Look at the symbol's sector."""
        return self.budget(situation.sector(trade.symbol))

    def others(self, trade: Trade, situation: Situation) -> float:
        """Weigh the rest of the sector."""
        return situation.others_in_sector(trade.symbol)

    def phrase(self, trade: Trade, situation: Situation) -> str:  # noqa: ARG002 - one for all
        """Speak of the sector."""
        return f"the sector of {trade.symbol} would weigh"
