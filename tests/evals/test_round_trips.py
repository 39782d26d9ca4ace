import numpy as np
import pytest

from evals.round_trips import round_trips
from tests.evals.builders import a_fill, a_panel, day, judged


def test_a_position_is_one_round_trip_from_flat_to_flat():
    # By hand: 10 at 100 and 10 at 110 make 105; 15 out at 120 and 5 at 108 make 117; 4 dollars of commission.
    fills = (
        a_fill(1, "S0", "BUY", 100.0, day(0), proposal_id="E", commission=1.0),
        a_fill(2, "S0", "BUY", 110.0, day(1), commission=1.0),
        a_fill(3, "S0", "SELL", 120.0, day(2), quantity=15, commission=1.0),
        a_fill(4, "S0", "SELL", 108.0, day(3), quantity=5, proposal_id="X", commission=1.0),
    )
    history = a_panel(
        np.array([[100.0], [110.0], [120.0], [108.0], [1.0]]), fills=fills, judged=(judged("E", 0.1), judged("X", 0.0))
    )

    (trip,) = round_trips(history)

    assert (trip.opened, trip.closed, trip.quantity) == (day(0), day(3), 20.0)
    assert (trip.entry_price, trip.exit_price) == (pytest.approx(105.0), pytest.approx(117.0))
    assert (trip.profit, trip.cost) == (pytest.approx(236.0), pytest.approx(4.0))
    assert trip.closes == (100.0, 110.0, 120.0, 108.0)
    assert (trip.episode.id, trip.exited_by.id) == ("E", "X")


def test_what_is_still_open_is_none():
    assert round_trips(a_panel(np.ones((2, 1)), fills=(a_fill(1, "S0", "BUY", 1.0, day(0)),))) == ()


def test_a_symbol_can_be_traded_again():
    fills = [a_fill(i, "S0", "BUY" if i % 2 == 0 else "SELL", 100.0 + i, day(i)) for i in range(6)]

    assert [trip.profit for trip in round_trips(a_panel(np.ones((6, 1)), fills=tuple(fills)))] == [10.0] * 3


def test_short_positions_are_not_listed():
    fills = (a_fill(1, "S0", "SELL", 100.0, day(0)), a_fill(2, "S0", "BUY", 90.0, day(1)))

    assert round_trips(a_panel(np.ones((2, 1)), fills=fills)) == ()
