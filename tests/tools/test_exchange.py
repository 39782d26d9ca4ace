"""The exchange's calendar: what New York really did on days that are easily got wrong."""

from datetime import UTC, date, datetime

import pytest

from domain.errors import NoData
from tools.exchange import Exchange

EXCHANGE = Exchange()


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def test_opens_follow_the_clock_change():
    assert EXCHANGE.opens(date(2024, 3, 8)) == utc(2024, 3, 8, 14, 30)
    assert EXCHANGE.opens(date(2024, 3, 11)) == utc(2024, 3, 11, 13, 30)


def test_the_day_after_thanksgiving_closes_early():
    assert EXCHANGE.closes(date(2024, 11, 29)) == utc(2024, 11, 29, 18, 0)


def test_a_holiday_is_no_session_and_the_message_names_the_neighbours():
    with pytest.raises(NoData, match=r"2024-11-28 .Thursday.*nearest sessions are 2024-11-27 and 2024-11-29"):
        EXCHANGE.opens(date(2024, 11, 28))


def test_the_session_at_a_moment_is_the_open_one_else_the_next():
    assert EXCHANGE.session_at(utc(2024, 11, 27, 15, 0)) == date(2024, 11, 27)
    assert EXCHANGE.session_at(utc(2024, 11, 27, 21, 0)) == date(2024, 11, 29)
    assert EXCHANGE.session_at(utc(2024, 11, 30, 12, 0)) == date(2024, 12, 2)


def test_the_close_itself_is_after_the_session():
    assert EXCHANGE.is_open(utc(2024, 11, 29, 17, 59))
    assert not EXCHANGE.is_open(utc(2024, 11, 29, 18, 0))
    assert not EXCHANGE.is_open(utc(2024, 11, 29, 14, 29))


def test_the_year_end_is_no_end():
    assert EXCHANGE.next_session(date(2026, 12, 31)) == date(2027, 1, 4)


def test_sessions_before_a_day_are_listed_oldest_first():
    assert EXCHANGE.before(date(2024, 12, 2), 3) == (date(2024, 11, 26), date(2024, 11, 27), date(2024, 11, 29))


def test_the_recorded_sessions_are_the_exchanges():
    from tools.market_data._sp500 import load_sp500

    sessions = load_sp500().sessions

    assert EXCHANGE.before(date(2022, 12, 29), len(sessions)) == sessions
