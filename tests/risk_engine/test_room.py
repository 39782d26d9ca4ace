import pytest

from tests.risk_engine.builders import (
    a_book,
    a_market,
    a_policy,
    a_reservation,
    an_engine,
)


def test_room_tells_what_is_left_under_the_soft_limits():
    book = a_book({"XOM": 200.0, "AAPL": 300.0}, reservations=(a_reservation("KO", quantity=100.0),))

    room = an_engine().room(book, a_market())

    # 50,000 cash less 10,000 reserved less 5 %; 60 % invested; technology is over its 25 %
    assert room.cash == pytest.approx(0.35)
    assert room.gross == pytest.approx(0.40)
    assert room.per_position == pytest.approx(0.08)
    assert room.per_sector["energy"] == pytest.approx(0.05)
    assert room.per_sector["technology"] == 0.0
    assert room.per_sector["financials"] == pytest.approx(0.25)


def test_room_is_nothing_where_nothing_is_known():
    room = an_engine().room(a_book(equity=0.0), a_market())

    assert (room.cash, room.gross, room.per_position, set(room.per_sector.values())) == (0.0, 0.0, 0.0, {0.0})


def test_room_without_a_rule_is_everything():
    off = ("max_leverage", "max_sector_weight", "max_position_weight", "max_order_notional", "cash_buffer", "min_order")
    engine = an_engine(a_policy(off=off))

    room = engine.room(a_book(), a_market())

    assert (room.cash, room.gross, room.per_position, room.per_sector["energy"]) == (1.0, 1.0, 1.0, 1.0)
    assert engine.min_order(100_000.0) == 0.0


def test_room_is_never_negative():
    room = an_engine().room(a_book({"XOM": 1100.0}), a_market())

    assert (room.cash, room.gross, room.per_sector["energy"]) == (0.0, 0.0, 0.0)
