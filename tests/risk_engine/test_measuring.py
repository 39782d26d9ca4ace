import pytest

from domain.verdict import Outcome
from tests.risk_engine.builders import a_book, a_market, a_policy, a_trade, an_engine, judged


def test_only_the_rules_that_are_named_are_asked_and_in_the_policy_s_order():
    named = ("value_at_risk", "cooldown", "max_position_weight")
    book, market = a_book({"AAPL": 30.0}), a_market()

    results = an_engine().measure(a_trade(), book, market, named)

    assert results == tuple(result for result in judged(a_trade(), book, market).results if result.rule in named)
    assert len(results) == 3


def test_what_is_only_measured_is_measured_whole():
    engine = an_engine(a_policy(off=("cooldown",)))

    weight, off = engine.measure(
        a_trade(quantity=100.0), a_book({"AAPL": 30.0}), a_market(), {"cooldown", "max_position_weight"}
    )

    assert (weight.outcome, weight.observed) == (Outcome.HARD, pytest.approx(0.13))
    assert off.outcome is Outcome.DISABLED
