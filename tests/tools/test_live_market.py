"""The live market: every part but the prices may be missing, which is told, and nothing from later is let in."""

from datetime import UTC, date, datetime, timedelta

import pytest

from domain.errors import Transient
from domain.market import Event, EventCalendar, Headline
from tools.clock import SystemClock
from tools.exchange import Exchange
from tools.live_market import LiveMarket
from tools.market_data.recorded import RecordedFeed

NOW = datetime(2022, 11, 22, 15, 0, tzinfo=UTC)
SESSION = date(2022, 11, 22)


class Watch:
    def __init__(self):
        self.now = NOW


class Source:
    """News or events that answer, or don't, and count how often they were asked."""

    def __init__(self, name, answer):
        self.name, self.answer, self.asked = name, answer, 0

    def _tell(self, *_):
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    headlines = calendar = _tell


class Broker:
    """A broker whose clock is ahead, and that takes two seconds to say so."""

    def __init__(self, watch, ahead):
        self.watch, self.ahead = watch, ahead

    def market_time(self):
        self.watch.now += timedelta(seconds=1)
        told = self.watch.now + self.ahead
        self.watch.now += timedelta(seconds=1)
        return told

    def tradable(self, symbols):
        return {symbol: symbol != "GE" for symbol in symbols}


@pytest.fixture
def watch():
    return Watch()


def market(watch, **parts):
    clock = SystemClock(Exchange().session_at, lambda: watch.now)
    return LiveMarket(RecordedFeed(), clock, ("AAPL", "GE"), **parts)


def item(number, minutes):
    return Headline(id=f"n{number}", at=NOW - timedelta(minutes=minutes), source="test", title=f"item {number}")


def test_a_source_that_does_not_answer_is_told_and_the_others_count(watch):
    broken, good = Source("broken", Transient("down")), Source("good", (item(1, 5),))

    told = market(watch, news=(broken, good)).snapshot(("AAPL", "GE"), SESSION, NOW)

    assert "news from broken" in told.lacks
    assert [headline.id for headline in told.headlines] == ["n1"]
    assert "event calendar" in told.lacks


def test_headlines_are_joined_once_in_order_and_none_from_later(watch):
    one, two = Source("one", (item(1, 5), item(3, -1))), Source("two", (item(2, 9), item(1, 5)))

    told = market(watch, news=(one, two)).snapshot(("AAPL", "GE"), SESSION, NOW)

    assert [headline.id for headline in told.headlines] == ["n2", "n1"]


def test_calendars_are_joined_and_as_old_as_the_oldest(watch):
    fomc = EventCalendar(events=(Event(kind="fomc", at=NOW),), covers=("fomc",), fetched_at=NOW)
    earnings = EventCalendar(covers=("earnings",), fetched_at=NOW - timedelta(days=3))

    told = market(watch, events=(Source("a", fomc), Source("b", earnings))).snapshot(("AAPL", "GE"), SESSION, NOW)

    assert told.calendar.covers == ("earnings", "fomc")
    assert told.calendar.fetched_at == NOW - timedelta(days=3)
    assert [event.kind for event in told.calendar.events] == ["fomc"]


def test_the_brokers_clock_is_compared_at_the_moment_of_the_snapshot(watch):
    told = market(watch, broker=Broker(watch, timedelta(seconds=4))).snapshot(("AAPL", "GE"), SESSION, NOW)

    assert told.broker_clock - told.as_of == timedelta(seconds=4)
    assert (told.history["AAPL"].active, told.history["GE"].active) == (True, False)


def test_sources_are_asked_again_after_five_minutes(watch):
    news = Source("news", (item(1, 5),))
    live = market(watch, news=(news,))
    for minutes in (0, 4, 6):
        live.snapshot(("AAPL", "GE"), SESSION, NOW + timedelta(minutes=minutes))

    assert news.asked == 2


def test_time_runs_on_even_over_a_feed_that_could_be_replayed(watch):
    assert market(watch).replayed is False
    assert market(watch).next_session(SESSION) == date(2022, 11, 23)
