"""What stated confidences turn out to be worth: learned anew as outcomes come in, from what was known only."""

from datetime import timedelta

from domain.calibration import Calibration
from graph.context import Context
from quant.calibration_map import learn_calibration
from quant.stated import ANALYSTS, forecasts

MEMORY = timedelta(days=3 * 365)
"""Decisions older than this teach nothing any more; it also bounds what learning costs."""


def learn_calibrations(ctx: Context) -> int:
    """Store what each analyst's confidences have been worth; return for how many of them enough was known.

    Only decisions of, and outcomes complete in, sessions before the clock's count. The next book is read with the new
    maps; `min_confidence` and sizing use them. Repeating the call changes nothing.
    """
    session, count = ctx.clock.session(), 0
    known = ctx.ledger.judged(ctx.portfolio, known_before=session, since=session - MEMORY)
    for origin in sorted(ANALYSTS):
        stated, hits, _ = forecasts(known, {origin})
        learned = learn_calibration(stated, hits) if len(stated) else None
        if learned is not None:
            points = tuple(dict(zip(learned.stated, learned.observed, strict=True)).items())
            calibration = Calibration(outcomes=learned.n, points=points)
            ctx.ledger.set_calibration(ctx.portfolio, origin, calibration, ctx.clock.now())
            count += 1
    return count
