import numpy as np
import pytest

from evals.behaviour import BEHAVIOUR
from evals.finding import Level
from tests.evals.builders import a_panel, day, judged, walk

recency = BEHAVIOUR["recency"]


def swayed(slope, n=200):
    """Purchases whose confidence follows last week's return by a known slope, with noise."""
    rng = np.random.default_rng(6)
    panel = a_panel(walk(rng, sessions=700, symbols=4))
    made = []
    for i in range(n):
        session, symbol = day(300 + 2 * i), f"S{i % 4}"
        confidence = 0.6 + slope * panel.move(symbol, session, 5) + rng.normal(0.0, 0.02)
        made.append(judged(f"E{i}", 0.0, session=session, symbol=symbol, confidence=float(np.clip(confidence, 0, 1))))
    return a_panel(panel.closes, judged=tuple(made))


@pytest.mark.parametrize(("slope", "level"), [(1.0, Level.WARNING), (0.5, Level.WARNING), (0.0, Level.FINE)])
def test_the_slope_that_was_built_in_is_found(slope, level):
    finding = recency(swayed(slope))

    assert finding.value == pytest.approx(slope, abs=0.1)
    assert finding.low < slope < finding.high
    assert finding.level is level


def test_the_last_week_ends_before_the_session():
    panel = a_panel(np.array([[100.0]] * 5 + [[110.0], [200.0]]))

    assert panel.move("S0", day(6), 5) == pytest.approx(0.10)


def test_few_purchases_say_nothing():
    assert recency(swayed(0.0, n=20)).value is None
