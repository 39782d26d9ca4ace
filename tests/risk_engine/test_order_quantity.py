import pytest

from domain.verdict import Decision, Outcome
from tests.risk_engine.builders import (
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
from tests.risk_engine.builders import with_bars as bars


def traded_a_day(volume):
    return bars(a_market(continuous=True), "AAPL", volumes=(volume,) * 253)


@pytest.mark.parametrize(("units", "outcome"), [(250.0, Outcome.NOT_EVALUATED), (251.0, Outcome.HARD)])
def test_a_quarter_of_equity_is_the_most_that_may_be_asked(units, outcome):
    # 251 x 100 / 100,000 is 25.1 %
    assert checked("order_quantity", a_trade(quantity=units)).outcome is outcome


@pytest.mark.parametrize(
    ("volume", "outcome"),
    [
        (10_000.0, Outcome.PASS),  # 20 of 10,000 are 0.2 %
        (2_500.0, Outcome.ALERT),  # 0.8 %
        (2_000.0, Outcome.ALERT),  # 1 %
        (1_900.0, Outcome.SOFT),
        (200.0, Outcome.SOFT),  # 10 %
        (199.0, Outcome.HARD),
        (0.0, Outcome.HARD),
    ],
)
def test_what_is_asked_is_compared_with_daily_volume(volume, outcome):
    assert checked("order_quantity", a_trade(), market=traded_a_day(volume)).outcome is outcome


def test_the_ask_counts_and_not_what_it_is_resized_to():
    verdict = judged(a_trade(quantity=300.0))

    assert verdict.decision is Decision.REJECT
    assert verdict.breached == ("order_quantity",)


def test_without_volumes_a_recorded_feed_passes_with_a_note_and_a_live_one_does_not():
    assert said("order_quantity", judged(a_trade())).outcome is Outcome.NOTE
    market = bars(a_market(continuous=True), "AAPL", volumes=None)
    verdict = judged(a_trade(), market=market, engine=an_engine(a_policy(recorded=False)))
    assert said("order_quantity", verdict).outcome is Outcome.NOT_EVALUATED


def test_an_exit_may_be_as_large_as_the_holding():
    verdict = judged(an_exit(quantity=500.0), a_book({"AAPL": 500.0}))

    assert verdict.decision is Decision.EXECUTE


def test_a_single_share_a_day_is_a_market():
    market = with_bars(a_market(continuous=True), "AAPL", volumes=(0.5,) * 253)

    result = checked("order_quantity", a_trade(), market=market)

    assert (result.outcome, result.observed) == (Outcome.HARD, 40.0)
