"""How large a trade may be before any rule is asked: the part of the policy that sizing keeps to."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from risk_engine.limits import Ceiling, Window


class SizePolicy(BaseModel):
    """The policy's `[sizing]`: `position_volatility` is a fraction of equity a year, `span` sessions of its EWMA.

    A position may contribute its weight times the symbol's annualised volatility, taken alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    name: ClassVar[str] = "sizing"

    position_volatility: Ceiling
    span: Window
