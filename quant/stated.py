"""What was stated and what came of it: the pairs that calibration is measured and learned from."""

from collections.abc import Collection, Iterable

import numpy as np

from domain.episodes import Episode, Judged, Span
from domain.proposal import Origin
from domain.trade import Side
from quant.arrays import Floats

ANALYSTS = frozenset({Origin.MODEL, Origin.QUANT})


def forecasts(judged: Iterable[Judged], origins: Collection[Origin] = ANALYSTS) -> tuple[Floats, Floats, list[str]]:
    """Collect (n,) confidences, (n,) outcomes 0 or 1 and neighbours of `origins`' purchases at their horizon.

    What came is 1 where the trade would have ended above its entry, net of cost; traded or not.
    """
    found = [
        (one.episode.confidence, float(end.gain > 0.0), neighbours(one.episode))
        for one in judged
        if one.episode.origin in origins
        and one.episode.proposal_id is not None
        and one.episode.side is Side.BUY
        and not one.episode.reduces
        and (end := one.after(Span.HORIZON)) is not None
    ]
    return np.array([c for c, _, _ in found]), np.array([h for _, h, _ in found]), [group for _, _, group in found]


def neighbours(episode: Episode) -> str:
    """Name what shares its future: decisions about one symbol in one month, since their horizons overlap."""
    return f"{episode.symbol} {episode.session:%Y-%m}"
