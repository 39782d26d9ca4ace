"""What every rule is that can cut a trade instead of refusing it."""

import math
from abc import abstractmethod
from typing import ClassVar

from domain.trade import Trade
from domain.verdict import Outcome, RuleResult
from risk_engine.limits import Ceiling, percent
from risk_engine.rule import TOLERANCE, Rule, outcome_below, whole_lots
from risk_engine.situation import Situation


class ResizingRule(Rule):
    """A rule whose measure grows with the quantity, and that says how much fits under its soft limit.

    The measure is a fraction of equity unless the rule says otherwise.
    """

    resizes: ClassVar[bool] = True

    @abstractmethod
    def measure(self, trade: Trade, situation: Situation) -> float:
        """Measure the book as it would be after the trade; never falls when the quantity rises."""

    @abstractmethod
    def largest(self, trade: Trade, situation: Situation, limit: float) -> float:
        """Find the most units at which the measure stays within `limit`; infinite when nothing binds.

        The quantity that the trade has at present does not matter.
        """

    @abstractmethod
    def phrase(self, trade: Trade, situation: Situation) -> str:
        """Begin the sentence for the card; the observed number and the limits follow."""

    @abstractmethod
    def limits(self, trade: Trade, situation: Situation) -> tuple[float, float]:
        """Give the soft and the hard limit that hold for this trade."""

    def aside(self, trade: Trade, situation: Situation) -> RuleResult | None:  # noqa: ARG002 - others look at them
        """Answer without measuring, where there is nothing to measure or too little is known; None elsewhere.

        The quantity that the trade has at present does not matter.
        """
        return None

    def outcome(self, observed: float, soft: float, hard: float) -> Outcome:
        """Judge the measure by its limits."""
        return outcome_below(observed, soft, hard)

    def check(self, trade: Trade, situation: Situation) -> RuleResult:
        """Judge the measure, and say what would fit."""
        aside, largest = self._fit(trade, situation)
        if aside is not None:
            return aside
        soft, hard = self.limits(trade, situation)
        observed = self.measure(trade, situation)
        text = f"{self.phrase(trade, situation)} {percent(observed)} (soft {percent(soft)}, hard {percent(hard)})"
        if largest is not None and largest < trade.asked_quantity - TOLERANCE:
            text += f"; room for {largest:g} of {trade.asked_quantity:g}"
        outcome = self.outcome(observed, soft, hard)
        return self.says(outcome, text, observed=observed, soft=soft, hard=hard, largest=largest)

    def allowance(self, trade: Trade, situation: Situation) -> float | None:
        """Find what fits under the soft limit, in whole lots, without judging the trade."""
        return self._fit(trade, situation)[1]

    def use(self, trade: Trade, situation: Situation) -> float | None:
        """Divide the measure by the soft limit, without judging the trade."""
        if self.aside(trade, situation) is not None:
            return None
        soft = self.limits(trade, situation)[0]
        return self.measure(trade, situation) / soft if soft else None

    def _fit(self, trade: Trade, situation: Situation) -> tuple[RuleResult | None, float | None]:
        known = situation.fits.get(self.name)
        if known is not None and known[0] == trade.proposal_id:
            return known[1], known[2]
        aside = self.aside(trade, situation)
        largest = math.inf if aside is not None else self.largest(trade, situation, self.limits(trade, situation)[0])
        fitting = None if largest == math.inf else whole_lots(largest, trade.lot)
        situation.fits[self.name] = (trade.proposal_id, aside, fitting)
        return aside, fitting


class CappedRule(ResizingRule):
    """A resizing rule with one pair of limits for every trade."""

    soft: Ceiling
    hard: Ceiling

    def limits(self, trade: Trade, situation: Situation) -> tuple[float, float]:  # noqa: ARG002 - others look at them
        """Give the policy's limits."""
        return self.soft, self.hard


class ExposureRule(CappedRule):
    """A cap on what the traded symbol, together with `others`, may weigh after everything open has been filled."""

    @abstractmethod
    def others(self, trade: Trade, situation: Situation) -> float:
        """Weigh what shares the cap with the traded symbol: a fraction of equity."""

    def measure(self, trade: Trade, situation: Situation) -> float:
        """Add the symbol's worst-case weight after the trade to that of the others."""
        return self.others(trade, situation) + situation.weight_after(trade)

    def largest(self, trade: Trade, situation: Situation, limit: float) -> float:
        """Solve for the quantity: the weight after is affine in it."""
        return situation.units_within(trade, limit - self.others(trade, situation))
