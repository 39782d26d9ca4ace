"""How many closed trades made money."""

from quant.measure import Measure, measured, observed, undefined
from quant.metrics import METRICS
from quant.track import Track
from quant.wilson import wilson_interval


@METRICS.register
def hit_rate(track: Track) -> Measure:
    """Divide trades with a net profit by all closed trades: a fraction with its Wilson interval."""
    if track.trades is None:
        return undefined("no_trades", 0, 0)
    values, missing = observed(track.trades)
    if len(values) == 0:
        return undefined("no_trades", 0, missing)
    wins = int((values > 0.0).sum())
    return measured(wins / len(values), len(values), missing, interval=wilson_interval(wins, len(values)))
