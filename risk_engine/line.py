"""Where one symbol may end up when everything open is filled, or none of it."""

from typing import NamedTuple


class Line(NamedTuple):
    """One symbol, everything open and reserved included: units, price in dollars, weights as fractions of equity.

    `long` and `short` are what the symbol may come to when only purchases, or only sales, are filled.
    `weight` is the worse of the two; `signed_weight` is the same, negative when the worse one is short.
    """

    held: float
    buys: float
    sells: float
    long: float
    short: float
    weight: float
    signed_weight: float


NOTHING = Line(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
"""What we have of a symbol that we have nothing to do with."""
