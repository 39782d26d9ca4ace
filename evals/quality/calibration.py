"""Is its confidence worth anything?"""

from evals.finding import Finding, Level, too_few
from evals.history import History
from evals.quality import QUALITY
from quant.bootstrap import mean_interval
from quant.calibration import (
    brier_skill,
    calibration_noise,
    expected_calibration_error,
    reliability,
    spiegelhalter_z,
)
from quant.stated import forecasts

FEWEST = 20
FEWEST_FOR_CURVE = 100
"""Below this a perfectly calibrated forecaster's own error hides everything else."""
RARE = 1.96


@QUALITY.register
def calibration(history: History) -> Finding:
    """Score stated confidence by Brier: the mean squared distance to what came (0 best, 0.25 for always a half).

    What came is 1 where the trade would have ended above its entry, net of cost, at its horizon; the baseline is
    always stating the base rate. From 100 outcomes on the expected calibration error is told less its noise floor,
    with the reliability curve (stated, observed, n); below that only Spiegelhalter's z, which is right at any n.
    """
    stated, hits, groups = forecasts(history.judged)
    n = len(stated)
    if n < FEWEST:
        return too_few("calibration", n, FEWEST, "purchases have reached their horizon")
    squares = (stated - hits) ** 2
    value, base = float(squares.mean()), float(hits.mean() * (1.0 - hits.mean()))
    bounds = mean_interval(squares, groups)
    z = spiegelhalter_z(stated, hits)
    parts = {"base_rate": float(hits.mean()), "mean_stated": float(stated.mean())}
    parts |= {} if z is None else {"spiegelhalter_z": z}
    skill = brier_skill(stated, hits)
    parts |= {} if skill is None else {"skill": skill}
    curve: tuple[tuple[float, float, int], ...] = ()
    if n >= FEWEST_FOR_CURVE:
        floor = calibration_noise(stated)
        error = expected_calibration_error(stated, hits)
        parts |= {"ece": error, "ece_noise": floor, "ece_above_noise": error - floor}
        curve = tuple((part.stated, part.observed, part.n) for part in reliability(stated, hits))
    miscalibrated = z is not None and abs(z) > RARE
    over = parts["mean_stated"] > parts["base_rate"]
    said = f"states {parts['mean_stated']:.0%} on average and is right {parts['base_rate']:.0%} of the time"
    verdict = f"{'over' if over else 'under'}confident" if miscalibrated else "no sign of miscalibration"
    return Finding(
        name="calibration",
        value=value,
        n=n,
        low=bounds[0] if bounds else None,
        high=bounds[1] if bounds else None,
        baseline=base,
        level=Level.WARNING if miscalibrated else Level.FINE,
        parts=parts,
        curve=curve,
        sentence=f"It {said} ({n} purchases): {verdict}.",
    )
