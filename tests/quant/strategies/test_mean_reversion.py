import numpy as np
import pytest

from quant.moments import ewma_volatility
from quant.returns import simple_returns
from quant.strategies import STRATEGIES


def test_the_score_is_minus_the_week_s_return_in_units_of_its_volatility(walk):
    closes = walk(60, 3)

    scores = STRATEGIES["mean_reversion"]().scores(closes)

    deviation = ewma_volatility(simple_returns(closes), span=20, periods=5)
    assert scores[-1] == pytest.approx(-(closes[-1] / closes[-6] - 1.0) / deviation)


def test_what_fell_scores_above_what_rose():
    quiet = np.tile([100.0, 101.0], 15)
    closes = np.column_stack([quiet, quiet])
    closes[-3:] *= [0.95, 1.05]

    fell, rose = STRATEGIES["mean_reversion"]().scores(closes)[-1]

    assert fell > 0.0 > rose


def test_what_does_not_move_scores_nothing():
    scores = STRATEGIES["mean_reversion"]().scores(np.full((30, 2), 50.0))

    assert scores[20:].tolist() == [[0.0, 0.0]] * 10


def test_it_is_held_for_a_week():
    strategy = STRATEGIES["mean_reversion"]
    assert (strategy.horizon_sessions, strategy.lookback) == (5, 21)
