from datetime import timedelta

import pytest

from domain.verdict import (
    Decision,
    Outcome,
)
from tests.risk_engine.builders import (
    CLOSES,
    OPENS,
    a_book,
    a_market,
    a_trade,
    an_exit,
    checked,
    judged,
)


def at(moment):
    # only the time of decision matters here, so quotes are taken from the future's way
    market = a_market(continuous=True)
    return market.model_copy(update={"as_of": moment})


@pytest.mark.parametrize(
    ("minutes", "outcome"),
    [(-0.1, Outcome.HARD), (0.0, Outcome.SOFT), (4.9, Outcome.SOFT), (5.0, Outcome.PASS), (200.0, Outcome.PASS)],
)
def test_the_first_five_minutes_are_asked_about(minutes, outcome):
    assert checked("market_session", a_trade(), market=at(OPENS + timedelta(minutes=minutes))).outcome is outcome


@pytest.mark.parametrize(("minutes", "outcome"), [(10.0, Outcome.PASS), (9.9, Outcome.SOFT), (0.0, Outcome.HARD)])
def test_the_last_ten_minutes_are_asked_about(minutes, outcome):
    assert checked("market_session", a_trade(), market=at(CLOSES - timedelta(minutes=minutes))).outcome is outcome


def test_an_order_that_fills_on_the_close_may_be_decided_at_the_open():
    assert checked("market_session", a_trade(), market=a_market()).outcome is Outcome.PASS


def test_an_exit_needs_an_open_exchange_and_no_more():
    book = a_book({"AAPL": 20.0})

    assert checked("market_session", an_exit(), book, at(OPENS)).outcome is Outcome.PASS
    assert checked("market_session", an_exit(), book, at(CLOSES)).outcome is Outcome.HARD


def test_minutes_are_told():
    market = at(OPENS + timedelta(minutes=120))

    assert checked("market_session", a_trade(), market=market).message == (
        "120 min after the open, 270 min before the close"
    )


def test_the_opening_bell_opens_and_a_second_before_the_close_is_open():
    book = a_book({"AAPL": 20.0})

    assert checked("market_session", an_exit(), book, at(CLOSES - timedelta(seconds=1))).outcome is Outcome.PASS


def test_an_exit_is_refused_while_the_exchange_is_closed():
    verdict = judged(an_exit(), a_book({"AAPL": 20.0}), at(CLOSES))

    assert verdict.decision is Decision.REJECT


@pytest.mark.parametrize(("end", "seconds"), [("open", 300), ("close", 600)])
def test_on_the_very_second_it_is_quiet_again(end, seconds):
    moment = OPENS + timedelta(seconds=seconds) if end == "open" else CLOSES - timedelta(seconds=seconds)

    assert checked("market_session", a_trade(), market=at(moment)).outcome is Outcome.PASS
