"""The base of every value: frozen, strict about unknown fields, finite numbers only."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Value(BaseModel):
    """Something that is what it is: two with equal fields are equal, and none ever changes."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
"""A share of one: 0.06 is six per cent."""
PositiveFraction = Annotated[float, Field(gt=0.0, le=1.0)]
"""A share of one, not zero."""
