"""What stated confidences have turned out to be worth: a map from what was said to how often it came true."""

from datetime import datetime
from itertools import pairwise
from typing import Protocol

from pydantic import Field, model_validator

from domain.proposal import Origin
from domain.value import Value

FEWEST_OUTCOMES = 100
"""Fewer judged outcomes than this are no basis; until then a confidence counts as stated."""
SMALLEST_MULTIPLIER = 0.01


class Calibration(Value):
    """A non-decreasing, piecewise linear map of confidences, fitted on `outcomes` judged proposals of one origin.

    `points` are pairs (stated, came true), both in [0, 1], by rising stated confidence: the corners of an isotonic fit,
    or samples of a Platt curve. Outside of them the nearest point counts.
    """

    outcomes: int = Field(default=0, ge=0)
    points: tuple[tuple[float, float], ...] = ()

    @model_validator(mode="after")
    def _points_rise(self) -> "Calibration":
        if any(not 0.0 <= number <= 1.0 for point in self.points for number in point):
            raise ValueError("points must lie in [0, 1]")
        if any(not (before[0] < after[0] and before[1] <= after[1]) for before, after in pairwise(self.points)):
            raise ValueError("points must rise from left to right")
        return self

    def calibrated(self, confidence: float) -> float | None:
        """Tell how often `confidence` came true; None while there are too few outcomes to say."""
        if self.outcomes < FEWEST_OUTCOMES or not self.points:
            return None
        if confidence <= self.points[0][0]:
            return self.points[0][1]
        for (x0, y0), (x1, y1) in pairwise(self.points):
            if confidence <= x1:
                return y0 + (y1 - y0) * (confidence - x0) / (x1 - x0)
        return self.points[-1][1]

    def multiplier(self, confidence: float) -> float:
        """Tell how much of a trade is left for one who overstates: calibrated / stated, in (0, 1]; never above 1."""
        told = self.calibrated(confidence)
        if told is None or told >= confidence:
            return 1.0
        return max(told / confidence, SMALLEST_MULTIPLIER)


class CalibrationStore(Protocol):
    """What stated confidences have turned out to be worth."""

    def set_calibration(self, portfolio: str, origin: Origin, calibration: Calibration, at: datetime) -> None:
        """Judge by this map from the next book on; the same map again changes nothing."""
        ...
