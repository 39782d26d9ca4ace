import numpy as np
import pytest

from domain.proposal import Origin
from evals.behaviour import BEHAVIOUR
from evals.finding import Level
from tests.evals.builders import a_fill, a_panel, day, judged, walk

anchoring = BEHAVIOUR["anchoring"]


def stating(share_round, n=400):
    """Stops of which a known share stands on a whole dollar, the rest on any cent."""
    rng = np.random.default_rng(10)
    stops = [
        float(rng.integers(50, 200)) if rng.random() < share_round else float(rng.integers(5000, 20000)) / 100
        for _ in range(n)
    ]
    return a_panel(
        np.empty((0, 1)), judged=tuple(judged(f"E{i}", 0.0, stop_price=stop) for i, stop in enumerate(stops))
    )


@pytest.mark.parametrize(("share", "level"), [(0.0, Level.FINE), (0.3, Level.WATCH), (0.8, Level.WATCH)])
def test_the_share_of_round_prices_that_was_built_in_is_found(share, level):
    finding = anchoring(stating(share))

    assert finding.value == pytest.approx(share + 0.02 * (1 - share), abs=0.04)
    assert finding.level is level


def test_getting_out_even_is_found():
    """Positions of 40 sessions sold by choice at the entry price, which closes rarely meet."""
    closes = walk(np.random.default_rng(11), sessions=1300, symbols=1, volatility=0.02)
    fills, kept = [], []
    for i in range(30):
        start = 42 * i
        entry = float(closes[start, 0])
        fills += [
            a_fill(2 * i, "S0", "BUY", entry, day(start)),
            a_fill(2 * i + 1, "S0", "SELL", entry * 1.001, day(start + 40), proposal_id=f"X{i}"),
        ]
        kept.append(judged(f"X{i}", 0.0, session=day(start + 40), origin=Origin.PERSON, stop_price=97.13))

    finding = anchoring(a_panel(closes, fills=tuple(fills), judged=tuple(kept)))

    assert finding.parts["near_entry"] == 1.0
    assert finding.parts["near_entry_chance"] < 0.15
    assert finding.parts["near_entry_p"] < 1e-6
    assert finding.level is Level.WATCH


def test_rules_have_no_habits_of_this_kind():
    quiet = a_panel(
        np.empty((0, 1)), judged=tuple(judged(f"E{i}", 0.0, origin=Origin.QUANT, stop_price=100.0) for i in range(50))
    )

    assert anchoring(quiet).value is None
