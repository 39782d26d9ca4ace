"""How many sessions ended higher, of those that moved."""

from quant.measure import Measure, measured, observed, undefined
from quant.metrics import METRICS
from quant.track import Track
from quant.wilson import wilson_interval


@METRICS.register
def session_hit_rate(track: Track) -> Measure:
    """Divide sessions with a return above zero by those with a return other than zero, with the Wilson interval."""
    values, missing = observed(track.returns)
    moved = int((values != 0.0).sum())
    if moved == 0:
        return undefined("n<1", len(values), missing)
    wins = int((values > 0.0).sum())
    return measured(wins / moved, len(values), missing, interval=wilson_interval(wins, moved))
