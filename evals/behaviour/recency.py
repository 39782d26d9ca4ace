"""Is it more confident because prices rose last week?"""

import numpy as np

from domain.proposal import Origin
from domain.trade import Side
from evals.behaviour import BEHAVIOUR
from evals.finding import Finding, Level, too_few
from evals.history import History

FEWEST = 40
WEEK, MONTH, YEAR = 5, 21, 252
LAGS = 5
Z_95 = 1.96


@BEHAVIOUR.register
def recency(history: History) -> Finding:
    """Regress stated confidence on the last five sessions' return, beside 12-1 month momentum: its slope; 0 is none.

    A slope of 1 means a point of confidence for a per cent of last week's return. Errors are Newey and West's (1987)
    over five decisions, since neighbours share their news. Source: Greenwood and Shleifer, Expectations of returns
    and expected returns, 2014.
    """
    rows = []
    for one in history.judged:
        episode = one.episode
        if episode.origin not in {Origin.MODEL, Origin.QUANT} or episode.side is not Side.BUY or episode.reduces:
            continue
        week = history.move(episode.symbol, episode.session, WEEK)
        year = history.move(episode.symbol, episode.session, YEAR - MONTH, until=1 + MONTH)
        if week is not None and year is not None:
            rows.append((episode.confidence, week, year))
    if len(rows) < FEWEST:
        return too_few("recency", len(rows), FEWEST, "purchases with a year of prices before them")
    confidence, week_moves, year_moves = (np.array(column) for column in zip(*rows, strict=True))
    if np.ptp(week_moves) == 0.0 or np.ptp(confidence) == 0.0:
        return too_few("recency", len(rows), FEWEST, "purchases whose confidence or prices differ")
    import statsmodels.api as sm  # noqa: PLC0415 - a second of import, only where decisions are judged

    model = sm.OLS(confidence, sm.add_constant(np.column_stack([week_moves, year_moves])))
    fitted = model.fit(cov_type="HAC", cov_kwds={"maxlags": LAGS})
    slope, error = float(fitted.params[1]), float(fitted.bse[1])
    low, high = slope - Z_95 * error, slope + Z_95 * error
    return Finding(
        name="recency",
        value=slope,
        n=len(rows),
        low=low,
        high=high,
        baseline=0.0,
        level=Level.WARNING if low > 0.0 else Level.FINE,
        parts={"momentum_slope": float(fitted.params[2])},
        sentence=(
            f"A gain of 1 % in the last week goes with {slope:+.2f} points of confidence, momentum aside "
            f"({len(rows)} purchases)."
        ),
    )
