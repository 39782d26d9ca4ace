import numpy as np
import pytest

from domain.trade import Side
from evals.behaviour import BEHAVIOUR
from evals.finding import Level
from tests.evals.builders import a_panel, day, judged, names, walk

herding = BEHAVIOUR["herding"]


def buyer(choose, n=150):
    panel = a_panel(walk(np.random.default_rng(7), sessions=400, symbols=11))
    rng = np.random.default_rng(8)
    made = []
    for i in range(n):
        session = day(30 + 2 * i)
        ranked = sorted(names(11), key=lambda symbol: panel.move(symbol, session, 20))
        made.append(judged(f"E{i}", 0.0, session=session, symbol=ranked[choose(rng)]))
    return a_panel(panel.closes, judged=tuple(made))


@pytest.mark.parametrize(
    ("choose", "place", "level"),
    [
        (lambda rng: 10, 1.0, Level.WATCH),
        (lambda rng: int(rng.integers(5, 11)), 0.75, Level.WATCH),
        (lambda rng: int(rng.integers(0, 11)), 0.5, Level.FINE),
        (lambda rng: 0, 0.0, Level.FINE),
    ],
)
def test_the_place_that_was_built_in_is_found(choose, place, level):
    finding = herding(buyer(choose))

    assert finding.value == pytest.approx(place, abs=0.06)
    assert finding.level is level


def test_sales_are_told_apart():
    history = buyer(lambda rng: 10)
    sold = tuple(
        one.model_copy(update={"episode": one.episode.model_copy(update={"side": Side.SELL, "reduces": True})})
        for one in buyer(lambda rng: 0, n=30).judged
    )

    finding = herding(a_panel(history.closes, judged=(*history.judged, *sold)))

    assert finding.parts["buys_minus_sells"] == pytest.approx(1.0)
    assert finding.n == 150
