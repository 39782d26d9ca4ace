from datetime import timedelta

import pytest

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
)


@pytest.mark.parametrize(
    ("seconds", "outcome"),
    [
        (1.3, Outcome.PASS),
        (1.4, Outcome.ALERT),
        (-2.0, Outcome.ALERT),
        (2.1, Outcome.SOFT),
        (-5.0, Outcome.SOFT),
        (5.1, Outcome.HARD),
    ],
)
def test_the_clocks_agree(seconds, outcome):
    market = a_market(continuous=True, broker_clock=NOON + timedelta(seconds=seconds))

    assert checked("clock_skew", a_trade(), market=market).outcome is outcome


def test_a_clock_that_is_not_known_rejects_unless_all_is_simulated():
    market = a_market(continuous=True, broker_clock=None)

    assert judged(a_trade(), market=market, engine=an_engine(a_policy(recorded=False))).decision is Decision.REJECT
    assert said("clock_skew", judged(a_trade())).outcome is Outcome.NOTE


def test_exits_do_not_wait_for_it():
    market = a_market(continuous=True, broker_clock=NOON + timedelta(hours=1))

    assert judged(an_exit(), a_book({"AAPL": 20.0}), market).decision is Decision.EXECUTE
