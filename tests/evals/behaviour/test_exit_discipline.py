from datetime import timedelta

import numpy as np
import pytest

from evals.behaviour import BEHAVIOUR
from evals.finding import Level
from tests.evals.builders import START, a_fill, a_panel, day, judged

exit_discipline = BEHAVIOUR["exit_discipline"]
PATH = [100.0, 101.0, 94.0, 93.0, 90.0, 88.0, 95.0, 96.0, 110.0, 111.0]
"""A stop at 95 fires on the third session (94); the first tradable close after it is 93."""


def positions(exit_row, price=None, **plan):
    plan = {"stop_price": 95.0} | plan
    fills, kept = [], []
    for i in range(6):
        base = len(PATH) * i
        fills += [
            a_fill(2 * i, "S0", "BUY", 100.0, day(base), proposal_id=f"E{i}"),
            a_fill(2 * i + 1, "S0", "SELL", price or PATH[exit_row], day(base + exit_row)),
        ]
        horizon = plan.get("horizon")
        kept.append(
            judged(
                f"E{i}",
                0.0,
                session=day(base),
                **plan | ({"horizon": START + timedelta(days=base + horizon)} if horizon else {}),
            )
        )
    closes = np.tile(np.array(PATH)[:, None], (6, 1))
    return a_panel(closes, fills=tuple(fills), judged=tuple(kept))


def test_leaving_when_the_plan_says_so_costs_nothing():
    finding = exit_discipline(positions(3))

    assert (finding.value, finding.parts["on_plan"], finding.level) == (0.0, 6, Level.FINE)


def test_holding_on_after_the_stop_costs_what_it_fell_further():
    finding = exit_discipline(positions(5))

    assert finding.value == pytest.approx((93.0 - 88.0) / 100.0)
    assert (finding.parts["late"], finding.level) == (6, Level.WARNING)


def test_leaving_before_anything_fired_costs_what_the_plan_would_have_brought():
    finding = exit_discipline(positions(1, stop_price=50.0, take_profit_price=109.0))

    assert finding.value == pytest.approx((110.0 - 101.0) / 100.0)
    assert finding.parts["early"] == 6


def test_a_horizon_is_a_trigger_too():
    assert exit_discipline(positions(4, stop_price=None, horizon=4)).parts["on_plan"] == 6


def test_a_plan_that_has_not_ended_in_the_record_is_counted_and_costs_nothing_yet():
    finding = exit_discipline(positions(1, stop_price=1.0))

    assert (finding.parts["unfinished"], finding.value) == (6, 0.0)
