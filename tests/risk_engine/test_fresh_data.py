from datetime import date, timedelta

import pytest

from domain.market import Quote
from domain.verdict import Decision, Outcome
from tests.risk_engine.builders import (
    NOON,
    a_book,
    a_market,
    a_policy,
    a_trade,
    an_engine,
    an_exit,
    checked,
    judged,
    said,
    with_bars,
)


def quoted(seconds):
    quote = Quote(bid=99.99, ask=100.01, at=NOON - timedelta(seconds=seconds))
    return with_bars(a_market(continuous=True), "AAPL", quote=quote)


@pytest.mark.parametrize(
    ("seconds", "outcome"),
    [
        (2, Outcome.PASS),
        (11, Outcome.ALERT),  # 70 % of 15 s is 10.5 s
        (15, Outcome.ALERT),
        (16, Outcome.SOFT),
        (60, Outcome.SOFT),
        (61, Outcome.HARD),
    ],
)
def test_a_quote_ages(seconds, outcome):
    result = checked("fresh_data", a_trade(), market=quoted(seconds))

    assert (result.outcome, result.soft, result.hard) == (outcome, 15.0, 60.0) or outcome is Outcome.PASS
    assert result.outcome is outcome


@pytest.mark.parametrize(
    ("seconds", "outcome"), [(20, Outcome.PASS), (21, Outcome.ALERT), (31, Outcome.SOFT), (61, Outcome.HARD)]
)
def test_an_account_ages(seconds, outcome):
    book = a_book(account_age_seconds=float(seconds))

    assert checked("fresh_data", a_trade(), book, a_market(continuous=True)).outcome is outcome


def test_a_recorded_feed_needs_no_quote_but_the_previous_session():
    market = a_market()

    assert checked("fresh_data", a_trade(), market=market).outcome is Outcome.PASS
    # the last bar is of Friday, January 5: five days later passes, six do not
    late = market.model_copy(update={"session": date(2024, 1, 10)})
    assert checked("fresh_data", a_trade(), market=late).outcome is Outcome.PASS
    too_late = market.model_copy(update={"session": date(2024, 1, 11)})
    assert checked("fresh_data", a_trade(), market=too_late).outcome is Outcome.HARD


def test_without_a_quote_or_the_age_of_the_account_nothing_is_known():
    engine = an_engine(a_policy(recorded=False))
    market = a_market(continuous=True)

    assert checked("fresh_data", a_trade(), market=with_bars(market, "AAPL", quote=None)).outcome is (
        Outcome.NOT_EVALUATED
    )
    verdict = judged(a_trade(), a_book(account_age_seconds=None), market, engine=engine)
    assert verdict.decision is Decision.REJECT


def test_exits_go_ahead_on_old_data():
    verdict = judged(an_exit(), a_book({"AAPL": 20.0}), quoted(500), engine=an_engine(a_policy(recorded=False)))

    assert said("fresh_data", verdict).outcome is Outcome.NOT_APPLICABLE
    assert verdict.decision is Decision.EXECUTE


def test_a_late_bar_is_named():
    late = a_market().model_copy(update={"session": date(2024, 1, 11)})

    result = checked("fresh_data", a_trade(), market=late)

    assert "the last bar is of 2024-01-05, 6 days before 2024-01-11" in result.message
    assert "2024-01-05" in checked("fresh_data", a_trade(), market=a_market()).message


@pytest.mark.parametrize("continuous", [False, True])
@pytest.mark.parametrize(("late", "outcome"), [(0, Outcome.PASS), (1, Outcome.HARD)])
def test_a_bar_of_another_session_than_the_previous_one_is_wrong(late, outcome, continuous):
    market = a_market(continuous=continuous)
    told = market.model_copy(update={"previous_session": market.sessions[-1] + timedelta(days=late)})

    result = checked("fresh_data", a_trade(), market=told)

    assert result.outcome is outcome
    assert ("the session before was" in result.message) == (late == 1)


def test_a_bar_of_another_session_is_named_with_the_one_that_is_missing():
    told = a_market().model_copy(update={"previous_session": date(2024, 1, 6)})

    message = checked("fresh_data", a_trade(), market=told).message

    assert message == "the last bar is of 2024-01-05, the session before was 2024-01-06"
