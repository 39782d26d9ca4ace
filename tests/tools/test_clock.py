from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from tools import trading_hours
from tools.clock import ReplayClock, SystemClock


def test_replay_stands_still_five_minutes_after_the_open():
    clock = ReplayClock(date(2021, 3, 1), datetime(2021, 3, 1, 9, 30, tzinfo=ZoneInfo("America/New_York")))

    assert clock.now() == datetime(2021, 3, 1, 14, 35, tzinfo=UTC)
    assert clock.now().tzinfo is UTC
    assert clock.session() == date(2021, 3, 1)
    assert clock.replay is True


def test_the_wall_shows_real_time_also_in_replay():
    clock = ReplayClock(date(2021, 3, 1), datetime(2021, 3, 1, 14, 30, tzinfo=UTC))

    assert abs(clock.wall() - SystemClock(lambda _: date(2021, 3, 1)).wall()) < timedelta(minutes=1)


def test_the_system_clock_asks_the_calendar_for_its_session():
    asked = []

    clock = SystemClock(lambda at: asked.append(at) or date(2021, 3, 1))

    assert clock.session() == date(2021, 3, 1)
    assert asked[0].tzinfo is UTC
    assert clock.replay is False
    assert clock.now() <= clock.now()


def test_hours_follow_new_york_through_the_change_of_the_clocks():
    # daylight saving began on Sunday 2021-03-14: UTC-5 before, UTC-4 after
    assert trading_hours.opens_at(date(2021, 3, 12)) == datetime(2021, 3, 12, 14, 30, tzinfo=UTC)
    assert trading_hours.opens_at(date(2021, 3, 15)) == datetime(2021, 3, 15, 13, 30, tzinfo=UTC)
    assert trading_hours.closes_at(date(2021, 3, 15)) == datetime(2021, 3, 15, 20, 0, tzinfo=UTC)
