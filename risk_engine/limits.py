"""The kinds of numbers a rule may have, each with the direction in which a mandate may tighten it."""

from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import Annotated

from pydantic import Field


class Tighter(Enum):
    """Which change of a number lets less through."""

    LOWER = "lower"
    HIGHER = "higher"
    FALSE = "false"
    FIXED = "not at all"

    def allows(self, before: float, after: float) -> bool:
        """Whether going from `before` to `after` stays equal or gets tighter."""
        if self is Tighter.HIGHER:
            return after >= before
        if self is Tighter.FIXED:
            return after == before
        return after <= before


Ceiling = Annotated[float, Field(ge=0.0), Tighter.LOWER]
"""What is above breaches."""
Floor = Annotated[float, Field(ge=0.0), Tighter.HIGHER]
"""What is below breaches; also any number that is stricter when it is higher."""
CountCeiling = Annotated[int, Field(ge=0), Tighter.LOWER]
"""A ceiling in whole things."""
CountFloor = Annotated[int, Field(ge=0), Tighter.HIGHER]
"""A floor in whole things."""
Permission = Annotated[bool, Tighter.FALSE]
"""Something that policy may permit; a mandate may only withdraw it."""
Budgets = Annotated[dict[str, Annotated[float, Field(ge=0.0)]], Tighter.LOWER]
"""A ceiling for each name that has one of its own."""
Estimate = Annotated[float, Field(gt=0.0), Tighter.FIXED]
"""How something is measured; policy decides that alone."""
Window = Annotated[int, Field(ge=1), Tighter.FIXED]
"""How many sessions are looked at; policy decides that alone."""
Weights = Annotated[dict[str, Annotated[float, Field(ge=0.0)]], Tighter.FIXED]
"""How much each part counts; policy decides that alone."""


@lru_cache(maxsize=4096)
def percent(fraction: float) -> str:
    """Write a fraction for a card: 0.0912 is `9.1 %`, 0.0075 is `0.75 %`, 0.08 is `8 %`."""
    value = 100.0 * fraction
    text = f"{value:.1f}" if abs(value) >= 1.0 else f"{value:.2f}"
    return text.rstrip("0").rstrip(".") + " %"


@lru_cache(maxsize=64)
def moment(at: datetime) -> str:
    """Write a moment for a card: `2016-03-01 14:30 UTC`."""
    return f"{at:%Y-%m-%d %H:%M %Z}"
