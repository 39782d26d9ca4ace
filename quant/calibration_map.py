"""From a stated confidence to what such confidences have been worth so far."""

from typing import Final

import numpy as np

from domain.errors import BadInput
from domain.value import Fraction, Value
from quant.arrays import Floats

FEWEST: Final = 100
"""Fewer outcomes than this teach nothing that should move money."""


class CalibrationMap(Value):
    """A line of knots, ascending in both; flat beyond its ends. `n` outcomes have taught it."""

    stated: tuple[Fraction, ...]
    observed: tuple[Fraction, ...]
    n: int

    def calibrated(self, confidence: float) -> float:
        """Read what a stated confidence has been worth: a fraction."""
        return float(np.interp(confidence, self.stated, self.observed))


def learn_calibration(stated: Floats, hits: Floats) -> CalibrationMap | None:
    """Fit an isotonic map to (n,) confidences and (n,) outcomes 0 or 1; None below 100 of them.

    Pass past outcomes only. Source: Zadrozny and Elkan, Transforming classifier scores into accurate multiclass
    probability estimates, 2002.

    Raises:
        BadInput: the two differ in length, or hold what is no fraction.
    """
    said, came = np.asarray(stated, dtype=np.float64), np.asarray(hits, dtype=np.float64)
    if said.shape != came.shape or not ((said >= 0) & (said <= 1) & ((came == 0) | (came == 1))).all():
        raise BadInput("confidences and outcomes that do not match", "pass fractions, and 0 or 1 for each")
    if len(said) < FEWEST:
        return None
    from sklearn.isotonic import IsotonicRegression  # noqa: PLC0415 - half a second, only where a map is learned

    fitted = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(said, came)
    knots = zip(fitted.X_thresholds_.tolist(), fitted.y_thresholds_.tolist(), strict=True)
    ordered = [(round(x, 9), round(y, 9)) for x, y in knots]
    return CalibrationMap(stated=tuple(x for x, _ in ordered), observed=tuple(y for _, y in ordered), n=len(said))
