"""What every risk rule is: a few limits read from policy, and one judgement of a trade."""

import math
from abc import ABC, abstractmethod
from math import isfinite
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from domain.trade import Trade
from domain.verdict import Outcome, RuleResult
from risk_engine.answer import Answering, finite
from risk_engine.asked import share
from risk_engine.situation import Situation

ALERT_SHARE = 0.70
"""From this share of its soft limit on, a passing rule says so."""
TOLERANCE = 1e-9
"""What rounding may add to a fraction without breaching anything."""

STRICTNESS = tuple(Outcome)


class Rule(Answering, BaseModel, ABC):
    """One limit of the desk; the file's name is the rule's name.

    Fields are limits: each stands in `policy.toml`, has no default here, and says in which direction it is tighter.
    Rules are silent and never trade; a rule that raises, or meets NaN, rejects the trade.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    applies_to_exits: ClassVar[bool] = False
    resizes: ClassVar[bool] = False
    same_for_entries: ClassVar[bool] = False
    """Whether all entries that are judged together get one answer, which then is worked out once."""

    @classmethod
    def __pydantic_init_subclass__(cls, **_options: object) -> None:
        """Name the rule after its file."""
        cls.name = cls.__module__.rpartition(".")[2]

    @abstractmethod
    def check(self, trade: Trade, situation: Situation) -> RuleResult:
        """Judge `trade` at its present quantity."""

    def allowance(self, trade: Trade, situation: Situation) -> float | None:
        """Give the most units that the rule lets through, whatever the trade's quantity; None when it does not bind."""
        return situation.ask(self, trade).largest_quantity

    def use(self, trade: Trade, situation: Situation) -> float | None:
        """Tell which share of the soft limit the trade uses up; None when there is nothing to measure."""
        return share(situation.ask(self, trade))

    def not_evaluated(self, reason: str) -> RuleResult:
        """Say that something needed is not known."""
        return self.says(Outcome.NOT_EVALUATED, f"not evaluated: {reason}")

    def not_applicable(self, reason: str) -> RuleResult:
        """Say that the rule has nothing to do with this trade."""
        return self.says(Outcome.NOT_APPLICABLE, reason)


def outcome_below(observed: float, soft: float, hard: float) -> Outcome:
    """Judge a measure that must not rise above its limits."""
    if not isfinite(observed):
        finite(observed)
    if observed > hard + TOLERANCE:
        return Outcome.HARD
    if observed > soft + TOLERANCE:
        return Outcome.SOFT
    return Outcome.ALERT if observed >= ALERT_SHARE * soft - TOLERANCE and observed > 0.0 else Outcome.PASS


def outcome_above(observed: float, soft: float, hard: float) -> Outcome:
    """Judge a measure that must not fall below its limits."""
    if finite(observed) < hard - TOLERANCE:
        return Outcome.HARD
    if observed < soft - TOLERANCE:
        return Outcome.SOFT
    return Outcome.ALERT if ALERT_SHARE * observed <= soft + TOLERANCE else Outcome.PASS


def stricter(first: Outcome, second: Outcome) -> bool:
    """Whether the first outcome is the stricter of two."""
    return STRICTNESS.index(first) > STRICTNESS.index(second)


def whole_lots(units: float, lot: float) -> float:
    """Round units down to lots; never below zero."""
    return max(math.floor(units / lot + TOLERANCE), 0) * lot
