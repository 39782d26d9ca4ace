from datetime import date

import pytest

from domain.proposal import Origin
from domain.verdict import Outcome
from tests.risk_engine.builders import (
    a_book,
    a_market,
    a_trade,
    an_exit,
    checked,
    facts,
    judged,
    said,
)


@pytest.mark.parametrize(("count", "outcome"), [(0, Outcome.HARD), (1, Outcome.SOFT), (2, Outcome.PASS)])
def test_two_facts_are_wanted(count, outcome):
    result = checked("cited_evidence", a_trade(cited=facts(count)))

    assert (result.outcome, result.observed, result.soft, result.hard) == (outcome, count, 2, 1)


@pytest.mark.parametrize(
    ("day", "outcome"),
    [
        (date(2024, 1, 5), Outcome.PASS),  # the session is Monday the 8th: Friday is one session old
        (date(2024, 1, 4), Outcome.PASS),
        (date(2024, 1, 3), Outcome.HARD),
        (date(2024, 1, 9), Outcome.HARD),
    ],
)
def test_old_facts_and_later_ones_do_not_count(day, outcome):
    assert checked("cited_evidence", a_trade(cited=facts(2, day))).outcome is outcome


def test_the_same_fact_twice_counts_once():
    assert checked("cited_evidence", a_trade(cited=facts(1) * 2)).outcome is Outcome.SOFT


@pytest.mark.parametrize("origin", [Origin.PERSON, Origin.ALERT, Origin.MONITOR, Origin.FLATTEN])
def test_only_models_and_strategies_argue_from_facts(origin):
    assert checked("cited_evidence", a_trade(origin=origin, cited=())).outcome is Outcome.NOT_APPLICABLE


def test_the_facts_of_an_argument_with_numbers_of_its_own_do_not_count():
    result = checked("cited_evidence", a_trade(cited=facts(3), ungrounded=("42.7 %", "210.5")))

    assert (result.outcome, result.observed) == (Outcome.HARD, 0)
    assert "states what is not in the data: 42.7 %, 210.5" in result.message


def test_exits_need_no_facts():
    verdict = judged(an_exit(cited=()), a_book({"AAPL": 20.0}))

    assert said("cited_evidence", verdict).outcome is Outcome.NOT_APPLICABLE


def test_a_fact_of_this_session_counts():
    assert checked("cited_evidence", a_trade(cited=facts(2, date(2024, 1, 8)))).outcome is Outcome.PASS


def test_on_the_first_sessions_of_a_feed_all_of_them_are_young_enough():
    market = a_market(days=1)

    assert checked("cited_evidence", a_trade(), market=market).outcome is Outcome.PASS
    older = checked("cited_evidence", a_trade(cited=facts(2, date(2024, 1, 4))), market=market)
    assert older.outcome is Outcome.HARD
