import numpy as np
import pytest

from evals.behaviour import BEHAVIOUR
from evals.finding import Level
from evals.round_trips import sale_days
from tests.evals.builders import a_fill, a_panel, day

disposition = BEHAVIOUR["disposition"]


def seller(winners, losers, weeks=60):
    """Each week four holdings at 100: two rise to 110, two fall to 90; some are sold."""
    rng = np.random.default_rng(5)
    closes = np.tile(np.array([[100.0] * 4, [110.0, 110.0, 90.0, 90.0]]), (weeks, 1))
    fills, number = [], 0
    for week in range(weeks):
        for symbol in range(4):
            fills.append(a_fill(number, f"S{symbol}", "BUY", 100.0, day(2 * week)))
            number += 1
        sold = {symbol for symbol in range(4) if rng.random() < (winners if symbol < 2 else losers)} or {0}
        for symbol in sold:
            fills.append(a_fill(number, f"S{symbol}", "SELL", float(closes[2 * week + 1, symbol]), day(2 * week + 1)))
            number += 1
        for symbol in set(range(4)) - sold:
            # What was kept is cleared at its own price the next morning, before the next week begins.
            fills.append(a_fill(number, f"S{symbol}", "SELL", 100.0, day(2 * week + 2)))
            number += 1
    return a_panel(closes, fills=tuple(fills))


@pytest.mark.parametrize(("winners", "losers"), [(0.8, 0.2), (0.2, 0.8), (0.5, 0.5)])
def test_a_known_reluctance_is_found(winners, losers):
    finding = disposition(seller(winners, losers))

    assert finding.value == pytest.approx(winners - losers, abs=0.1)
    assert finding.low < winners - losers < finding.high


def test_selling_winners_is_a_warning_and_selling_losers_is_none():
    assert disposition(seller(0.9, 0.1)).level is Level.WARNING
    assert disposition(seller(0.1, 0.9)).level is not Level.WARNING


def test_a_day_with_a_sale_counts_what_was_kept_at_its_close():
    # By hand: A bought at 100 and sold at 120; B bought at 100 closes at 90 and is kept.
    closes = np.array([[100.0, 100.0], [120.0, 90.0]])
    fills = (
        a_fill(1, "S0", "BUY", 100.0, day(0)),
        a_fill(2, "S1", "BUY", 100.0, day(0)),
        a_fill(3, "S0", "SELL", 120.0, day(1)),
    )

    (sale,) = sale_days(a_panel(closes, fills=fills))

    assert (sale.sold, sale.kept) == ((pytest.approx(0.2),), (pytest.approx(-0.1),))


def test_bought_and_sold_on_one_day_is_no_sale_of_a_holding():
    fills = (a_fill(1, "S0", "BUY", 100.0, day(0)), a_fill(2, "S0", "SELL", 101.0, day(0)))

    assert sale_days(a_panel(np.full((1, 1), 100.0), fills=fills)) == ()
