import numpy as np
import pytest

from evals.finding import Level
from evals.history import History
from evals.quality import QUALITY
from tests.evals.builders import day, judged

people = QUALITY["people"]


def answered(n=200, skill=0.0):
    """Cards: half would have gained 2 %, half lost 2 %; `skill` is how often a decline is right, beyond chance."""
    rng = np.random.default_rng(4)
    made = []
    for i in range(n):
        gain = 0.02 if i % 2 else -0.02
        declines = rng.random() < (0.5 - skill if gain > 0 else 0.5 + skill)
        made.append(
            judged(
                f"E{i}",
                gain,
                session=day(i),
                answered_by="7",
                answer="reject" if declines else "approve",
                shown_quantity=10.0,
                approved_quantity=0.0 if declines else 10.0,
                outcome={"traded": not declines},
            )
        )
    return History(judged=tuple(made))


@pytest.mark.parametrize(("skill", "level"), [(0.4, Level.FINE), (-0.4, Level.WARNING)])
def test_the_value_of_declining_is_found(skill, level):
    finding = people(answered(skill=skill))

    # By hand: declining a loser adds 2 %, a winner costs 2 %; (0.5 + s)/2 - (0.5 - s)/2 = s of all cards.
    assert finding.value == pytest.approx(0.02 * skill, abs=0.002)
    assert finding.level is level


def test_approving_as_shown_adds_nothing_and_half_changes_half():
    as_shown = [
        judged(f"A{i}", 0.02, answered_by="7", answer="approve", shown_quantity=10.0, approved_quantity=10.0)
        for i in range(5)
    ]
    halved = [
        judged(f"H{i}", -0.04, answered_by="7", answer="approve", shown_quantity=10.0, approved_quantity=5.0)
        for i in range(5)
    ]

    assert people(History(judged=tuple(as_shown))).value == 0.0
    assert people(History(judged=tuple(halved))).value == pytest.approx(0.02)


def test_the_clock_is_not_a_person():
    expired = [judged(f"E{i}", 0.02, answered_by="clock", answer="expire") for i in range(9)]

    assert people(History(judged=tuple(expired))).value is None
