import numpy as np
import pytest

from evals.finding import Level
from evals.history import History
from evals.quality import QUALITY
from tests.evals.builders import day, judged

regret = QUALITY["regret"]


def selector(taken_r, refused_r, n=200):
    """Entries with a stop 5 % away whose two groups differ by a known amount of risk."""
    rng = np.random.default_rng(2)
    made = []
    for i in range(n):
        traded = i % 2 == 0
        r = (taken_r if traded else refused_r) + rng.normal(0.0, 0.5)
        made.append(judged(f"E{i}", 0.05 * r, session=day(i), outcome={"traded": traded}))
    return History(judged=tuple(made))


@pytest.mark.parametrize(
    ("taken", "refused", "level"), [(0.5, -0.5, Level.FINE), (-0.5, 0.5, Level.WARNING), (0.1, 0.1, Level.WATCH)]
)
def test_the_difference_that_was_built_in_is_found(taken, refused, level):
    finding = regret(selector(taken, refused))

    assert finding.value == pytest.approx(taken - refused, abs=0.15)
    assert finding.low < taken - refused < finding.high
    assert (finding.level, finding.baseline) == (level, 0.0)


def test_missed_gains_and_avoided_losses_add_up_to_the_refused():
    made = [judged(f"T{i}", 0.05) for i in range(5)]
    # By hand: refused entries of +1, +1, -2, -1, 0 R.
    made += [judged(f"R{i}", 0.05 * r, outcome={"traded": False}) for i, r in enumerate((1, 1, -2, -1, 0))]

    parts = regret(History(judged=tuple(made))).parts

    assert (parts["missed_r"], parts["avoided_r"]) == (pytest.approx(2.0), pytest.approx(-3.0))
    assert (parts["taken_r"], parts["refused_r"]) == (pytest.approx(1.0), pytest.approx(-0.2))


def test_one_sided_records_say_nothing():
    assert regret(History(judged=tuple(judged(f"E{i}", 0.01) for i in range(50)))).value is None
