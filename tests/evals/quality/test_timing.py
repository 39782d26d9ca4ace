import numpy as np
import pytest

from evals.finding import Level
from evals.quality import QUALITY
from tests.evals.builders import a_fill, a_panel, day, walk

timing = QUALITY["timing"]


def test_a_position_is_measured_in_the_range_it_travelled():
    # By hand: in at 100, range 90 to 110, out at 105: entry 10/20, exit 15/20, total 5/20.
    closes = np.array([[100.0], [90.0], [110.0], [105.0]])
    closes = np.tile(closes, (10, 1))
    fills = []
    for i in range(10):
        fills += [a_fill(2 * i, "S0", "BUY", 100.0, day(4 * i)), a_fill(2 * i + 1, "S0", "SELL", 105.0, day(4 * i + 3))]

    finding = timing(a_panel(closes, fills=tuple(fills)))

    assert finding.value == pytest.approx(0.25)
    assert (finding.parts["entry"], finding.parts["exit"]) == (pytest.approx(0.5), pytest.approx(0.75))


def test_random_longs_of_a_month_stand_where_chance_puts_them():
    closes = walk(np.random.default_rng(3), sessions=8000, symbols=1, volatility=0.01)
    fills = []
    for i in range(380):
        start, end = 21 * i, 21 * i + 20
        fills += [
            a_fill(2 * i, "S0", "BUY", float(closes[start, 0]), day(start)),
            a_fill(2 * i + 1, "S0", "SELL", float(closes[end, 0]), day(end)),
        ]

    finding = timing(a_panel(closes, fills=tuple(fills)))

    assert finding.parts["entry"] == pytest.approx(0.5, abs=0.06)
    assert finding.value == pytest.approx(0.0, abs=0.13)


@pytest.mark.parametrize(("skill", "level"), [(1, Level.FINE), (-1, Level.WARNING)])
def test_hindsight_is_seen_and_its_opposite_too(skill, level):
    """Buying the low and selling the high of each stretch (or the reverse) has an efficiency of one (or minus one)."""
    closes = np.tile(np.array([[100.0], [90.0], [110.0], [100.0]]), (12, 1))
    fills = []
    for i in range(12):
        low, high = (1, 2) if skill > 0 else (2, 5)
        fills += [
            a_fill(2 * i, "S0", "BUY", float(closes[4 * i + low, 0]), day(4 * i + low)),
            a_fill(2 * i + 1, "S0", "SELL", float(closes[(4 * i + high) % 48, 0]), day(4 * i + high)),
        ]
    fills = fills if skill > 0 else fills[:-2]

    finding = timing(a_panel(closes, fills=tuple(fills)))

    assert finding.value == pytest.approx(skill)
    assert finding.level is level
