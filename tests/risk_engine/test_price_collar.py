import pytest

from domain.verdict import (
    Decision,
    Outcome,
)
from tests.risk_engine.builders import (
    a_book,
    a_trade,
    an_exit,
    checked,
    judged,
)


def limited(price):
    return a_trade(words={"order_type": "limit", "limit_price": price})


@pytest.mark.parametrize(
    ("price", "outcome"),
    [
        (101.0, Outcome.PASS),
        (101.5, Outcome.ALERT),  # 70 % of 2 % is 1.4 %
        (102.0, Outcome.ALERT),
        (102.1, Outcome.SOFT),
        (97.0, Outcome.SOFT),
        (105.0, Outcome.SOFT),
        (105.1, Outcome.HARD),
        (94.9, Outcome.HARD),
    ],
)
def test_a_limit_stays_near_the_market(price, outcome):
    assert checked("price_collar", limited(price)).outcome is outcome


def test_an_order_without_a_limit_has_no_collar():
    assert checked("price_collar", a_trade()).outcome is Outcome.NOT_APPLICABLE


def test_an_exit_is_asked_about_at_most():
    trade = an_exit(words={"order_type": "limit", "limit_price": 50.0})

    assert checked("price_collar", trade, a_book({"AAPL": 20.0})).outcome is Outcome.SOFT


def test_an_exit_far_from_the_market_is_asked_about():
    trade = an_exit(words={"order_type": "limit", "limit_price": 80.0})

    assert judged(trade, a_book({"AAPL": 20.0})).decision is Decision.APPROVAL
