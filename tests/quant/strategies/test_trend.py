import numpy as np
import pytest

from domain.errors import BadInput
from quant.strategies import STRATEGIES


def test_the_score_is_the_gain_of_the_year_without_its_last_month():
    # By hand: the close is 100 at t-252, 150 at t-21, and what follows does not count.
    closes = np.full((253, 1), 120.0)
    closes[0], closes[231], closes[-1] = 100.0, 150.0, 10.0

    scores = STRATEGIES["trend"]().scores(closes)

    assert np.isnan(scores[:-1]).all()
    assert scores[-1] == pytest.approx([0.5])


def test_it_is_held_for_a_quarter():
    assert (STRATEGIES["trend"].horizon_sessions, STRATEGIES["trend"].lookback) == (63, 253)


def test_a_close_that_is_no_price_is_refused():
    with pytest.raises(BadInput, match="no price"):
        STRATEGIES["trend"]().scores(np.zeros((300, 2)))
