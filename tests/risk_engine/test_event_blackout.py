from datetime import datetime, timedelta

import pytest

from domain.market import Event, EventCalendar
from domain.verdict import Outcome
from tests.risk_engine.builders import CLOSES, NOON, a_book, a_market, a_trade, an_exit, checked, judged, said

ALL = ("fomc", "cpi", "jobs", "earnings")


def with_events(*events, continuous=True, **changes):
    values = {"events": events, "covers": ALL, "fetched_at": NOON - timedelta(hours=3)}
    return a_market(continuous=continuous, calendar=EventCalendar(**{**values, **changes}))


def after_now(kind, minutes, symbol=None):
    return Event(kind=kind, at=NOON + timedelta(minutes=minutes), symbol=symbol)


@pytest.mark.parametrize(
    ("kind", "minutes", "outcome"),
    [
        ("fomc", 61, Outcome.PASS),
        ("fomc", 60, Outcome.SOFT),
        ("fomc", -60, Outcome.SOFT),
        ("fomc", -61, Outcome.PASS),
        ("cpi", 16, Outcome.PASS),
        ("cpi", 15, Outcome.SOFT),
        ("jobs", -30, Outcome.SOFT),
        ("jobs", -31, Outcome.PASS),
        ("holiday", 0, Outcome.PASS),
    ],
)
def test_entries_wait_around_announcements(kind, minutes, outcome):
    assert checked("event_blackout", a_trade(), market=with_events(after_now(kind, minutes))).outcome is outcome


@pytest.mark.parametrize(
    ("symbol", "days", "outcome"),
    [("AAPL", 1, Outcome.SOFT), ("AAPL", -1, Outcome.SOFT), ("AAPL", 2, Outcome.PASS), ("MSFT", 0, Outcome.PASS)],
)
def test_entries_wait_around_the_company_s_own_earnings(symbol, days, outcome):
    market = with_events(after_now("earnings", days * 24 * 60, symbol))

    assert checked("event_blackout", a_trade("AAPL"), market=market).outcome is outcome


def test_an_order_on_the_close_is_tested_at_the_close():
    near_the_close = Event(kind="cpi", at=CLOSES)

    assert checked("event_blackout", a_trade(), market=with_events(near_the_close)).outcome is Outcome.PASS
    market = with_events(near_the_close, continuous=False, recorded=True)
    assert checked("event_blackout", a_trade(), market=market).outcome is Outcome.SOFT


@pytest.mark.parametrize(
    "unknown",
    [
        {"fetched_at": NOON - timedelta(days=7, hours=1)},
        {"covers": ("fomc", "cpi", "jobs")},
    ],
    ids=["old", "incomplete"],
)
def test_an_old_or_incomplete_calendar_is_none(unknown):
    assert checked("event_blackout", a_trade(), market=with_events(**unknown)).outcome is Outcome.NOT_EVALUATED


def test_a_recorded_calendar_does_not_age():
    market = with_events(fetched_at=datetime.fromisoformat("2020-01-01T00:00:00Z"), recorded=True)

    assert checked("event_blackout", a_trade(), market=market).outcome is Outcome.PASS


def test_a_fund_has_no_earnings():
    market = with_events(covers=("fomc", "cpi", "jobs"))

    assert checked("event_blackout", a_trade("SPY"), market=market).outcome is Outcome.PASS


def test_recorded_years_without_a_calendar_are_noted():
    assert said("event_blackout", judged(a_trade())).outcome is Outcome.NOTE


def test_exits_do_not_wait():
    verdict = judged(an_exit(), a_book({"AAPL": 20.0}), with_events(after_now("fomc", 0)))

    assert said("event_blackout", verdict).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(("seconds", "outcome"), [(0, Outcome.PASS), (1, Outcome.NOT_EVALUATED), (-1, Outcome.PASS)])
def test_a_calendar_is_known_for_seven_days_to_the_second(seconds, outcome):
    market = with_events(fetched_at=NOON - timedelta(days=7, seconds=seconds))

    assert checked("event_blackout", a_trade(), market=market).outcome is outcome


def test_a_day_has_86400_seconds():
    market = with_events(fetched_at=NOON - timedelta(days=1000))

    assert "1000.0 days old" in checked("event_blackout", a_trade(), market=market).message
