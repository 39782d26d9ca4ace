import numpy as np
import pytest

from evals.behaviour import BEHAVIOUR
from evals.finding import Level
from evals.history import History
from tests.evals.builders import judged

sector_habit = BEHAVIOUR["sector_habit"]
SECTORS = {f"S{i}": ("tech", "banks", "energy", "health")[i % 4] for i in range(20)}


def buying(shares, n=200):
    rng = np.random.default_rng(9)
    drawn = rng.choice(["tech", "banks", "energy", "health"], size=n, p=shares)
    return History(judged=tuple(judged(f"E{i}", 0.0, sector=str(s)) for i, s in enumerate(drawn)), sectors=SECTORS)


@pytest.mark.parametrize(
    ("shares", "active", "level"),
    [
        ((0.25, 0.25, 0.25, 0.25), 0.0, Level.FINE),
        ((0.55, 0.15, 0.15, 0.15), 0.30, Level.WATCH),
        ((1.0, 0.0, 0.0, 0.0), 0.75, Level.WATCH),
    ],
)
def test_the_unevenness_that_was_built_in_is_found(shares, active, level):
    finding = sector_habit(buying(shares))

    assert finding.value == pytest.approx(active, abs=0.06)
    assert finding.level is level


def test_chance_alone_is_the_baseline():
    finding = sector_habit(buying((0.25, 0.25, 0.25, 0.25)))

    assert finding.baseline == pytest.approx(0.05, abs=0.02)
    assert finding.parts["effective"] == pytest.approx(4.0, abs=0.2)
