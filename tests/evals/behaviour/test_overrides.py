import pytest

from evals.behaviour import BEHAVIOUR
from evals.finding import Level
from evals.history import History
from tests.evals.builders import judged

overrides = BEHAVIOUR["overrides"]


def cards(declined, cut, n, expired=0):
    given = {"answered_by": "7", "shown_quantity": 10.0}
    made = [judged(f"D{i}", 0.0, answer="reject", approved_quantity=0.0, **given) for i in range(declined)]
    made += [judged(f"C{i}", 0.0, answer="approve", approved_quantity=4.0, **given) for i in range(cut)]
    left = n - declined - cut
    made += [judged(f"A{i}", 0.0, answer="approve", approved_quantity=10.0, **given) for i in range(left)]
    made += [judged(f"X{i}", 0.0, answer="expire", answered_by="clock") for i in range(expired)]
    return History(judged=tuple(made))


@pytest.mark.parametrize(
    ("declined", "cut", "n", "level"), [(3, 2, 20, Level.FINE), (0, 0, 200, Level.WATCH), (18, 0, 20, Level.WATCH)]
)
def test_declined_and_cut_cards_are_overrides(declined, cut, n, level):
    finding = overrides(cards(declined, cut, n, expired=7))

    assert (finding.value, finding.level) == ((declined + cut) / n, level)
    assert finding.parts == {"declined": declined, "cut": cut, "expired": 7}


def test_few_answers_say_nothing():
    assert overrides(cards(1, 0, 3)).value is None
