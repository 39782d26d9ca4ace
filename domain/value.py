"""The base of every value: frozen, strict about unknown fields, finite numbers only."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field


class Value(BaseModel):
    """Something that is what it is: two with equal fields are equal, and none ever changes."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy the fields, with those in `update` replaced; what was worked out from the old fields is left behind."""
        copied = super().model_copy(update=update, deep=deep)
        held, fields = copied.__dict__, type(self).model_fields
        if len(held) > len(fields):
            for name in [name for name in held if name not in fields]:
                del held[name]
        return copied


Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
"""A share of one: 0.06 is six per cent."""
PositiveFraction = Annotated[float, Field(gt=0.0, le=1.0)]
"""A share of one, not zero."""
