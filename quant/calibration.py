"""Whether stated probabilities mean what they say."""

from typing import Final

import numpy as np
from pydantic import Field

from domain.value import Value
from quant.arrays import ZERO, Floats

BINS: Final = 10
FLOOR_DRAWS: Final = 400
SEED: Final = 20261126


class ReliabilityBin(Value):
    """One bin of about equal numbers: what was said on average, how often it came true, and how many there were."""

    stated: float
    observed: float
    n: int = Field(ge=1)


def brier(stated: Floats, hits: Floats) -> float:
    """Average (p - y)^2 of (n,) probabilities and (n,) outcomes 0 or 1; n >= 1. Source: Brier 1950."""
    return float(np.mean((stated - hits) ** 2))


def brier_skill(stated: Floats, hits: Floats) -> float | None:
    """Compare with always stating the base rate: 1 - B / B_base; None where all outcomes are alike."""
    base = float(np.mean((hits.mean() - hits) ** 2))
    return None if base < ZERO else 1.0 - brier(stated, hits) / base


def reliability(stated: Floats, hits: Floats, bins: int = BINS) -> tuple[ReliabilityBin, ...]:
    """Split (n,) forecasts by rank into at most `bins` bins of equal mass, weakest first."""
    order = np.argsort(stated, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return tuple(
        ReliabilityBin(stated=float(stated[p].mean()), observed=float(hits[p].mean()), n=len(p)) for p in parts
    )


def expected_calibration_error(stated: Floats, hits: Floats, bins: int = BINS) -> float:
    """Average |stated - observed| over bins of equal mass, weighted by their size: a fraction.

    Source: Guo et al., On calibration of modern neural networks, 2017, with equal-mass bins.
    """
    order = np.argsort(stated, kind="stable")
    return _ece(stated[order], hits[order][None, :], bins)[0]


def calibration_noise(stated: Floats, bins: int = BINS) -> float:
    """Tell the error that a perfectly calibrated forecaster with these (n,) probabilities would show on average."""
    ordered = np.sort(stated)
    drawn = np.random.default_rng(SEED).random((FLOOR_DRAWS, len(ordered))) < ordered
    return float(np.mean(_ece(ordered, drawn.astype(np.float64), bins)))


def spiegelhalter_z(stated: Floats, hits: Floats) -> float | None:
    """Test calibration: about standard normal where probabilities are right; None where all are 0, a half or 1.

    Source: Spiegelhalter, Probabilistic prediction in patient management and clinical trials, 1986.
    """
    tilt = 1.0 - 2.0 * stated
    scatter = float(np.sum(tilt**2 * stated * (1.0 - stated)))
    return None if scatter < ZERO else float(np.sum((hits - stated) * tilt) / np.sqrt(scatter))


def _ece(ordered: Floats, outcomes: Floats, bins: int) -> list[float]:
    """Errors of (k, n) outcomes against (n,) ascending probabilities."""
    edges = [part[0] for part in np.array_split(np.arange(len(ordered)), bins) if len(part)]
    sizes = np.diff([*edges, len(ordered)])
    gaps = np.add.reduceat(outcomes - ordered, edges, axis=1) / sizes
    return [float(error) for error in np.abs(gaps) @ sizes / len(ordered)]
