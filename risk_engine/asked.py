"""A rule, as the situation and other rules see it."""

from typing import TYPE_CHECKING, ClassVar, Protocol

from domain.trade import Trade
from domain.verdict import RuleResult

if TYPE_CHECKING:
    from risk_engine.situation import Situation  # it asks them


class Asked(Protocol):
    """A rule, as far as the situation and other rules may see it."""

    name: ClassVar[str]

    def check(self, trade: Trade, situation: "Situation") -> RuleResult:
        """Judge `trade` at its present quantity."""

    def use(self, trade: Trade, situation: "Situation") -> float | None:
        """Tell which share of the soft limit the trade uses up."""


def share(result: RuleResult) -> float | None:
    """Tell which share of its soft limit a rule has measured; None when it has measured nothing."""
    return result.observed / result.soft if result.observed is not None and result.soft else None
