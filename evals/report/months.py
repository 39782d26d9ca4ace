"""Returns by calendar month and year."""

from collections.abc import Sequence
from datetime import date

import numpy as np

from quant.arrays import Floats


def monthly(days: Sequence[date], returns: Floats) -> dict[int, dict[int, float]]:
    """Compound (T,) returns of the sessions `days` by month: year, month (1 to 12; 0 is the year), a fraction."""
    grown: dict[int, dict[int, float]] = {}
    for day, change in zip(days, returns, strict=True):
        row = grown.setdefault(day.year, {})
        for month in (day.month, 0):
            row[month] = row.get(month, 1.0) * (1.0 + float(change))
    return {year: {month: wealth - 1.0 for month, wealth in row.items()} for year, row in grown.items()}


def months_up(table: dict[int, dict[int, float]]) -> float:
    """Share of months that ended higher: a fraction; NaN of none."""
    values = [value for row in table.values() for month, value in row.items() if month]
    return float(np.mean([value > 0.0 for value in values])) if values else float("nan")
