import pytest

from domain.verdict import (
    Decision,
    Outcome,
)
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


@pytest.mark.parametrize(("price", "outcome"), [(5.0, Outcome.PASS), (4.99, Outcome.HARD)])
def test_penny_stocks_are_refused_by_their_true_price(price, outcome):
    market = bars(a_market(continuous=True), "AAPL", raw_close=price)

    assert checked("tradable_symbol", a_trade(), market=market).outcome is outcome


def test_a_symbol_outside_the_mandate_or_without_prices_is_refused():
    market = a_market(symbols={"AAPL": 100.0, "TSLA": 100.0})

    assert checked("tradable_symbol", a_trade("TSLA"), market=market).outcome is Outcome.HARD
    assert checked("tradable_symbol", a_trade("MSFT"), market=market).outcome is Outcome.HARD


def test_an_inactive_symbol_is_refused_even_for_exits():
    market = bars(a_market(continuous=True), "AAPL", active=False)

    assert checked("tradable_symbol", a_trade(), market=market).outcome is Outcome.HARD
    assert checked("tradable_symbol", an_exit(), a_book({"AAPL": 20.0}), market).outcome is Outcome.HARD


def test_what_recorded_closes_cannot_know_is_said():
    verdict = judged(a_trade())

    assert said("tradable_symbol", verdict).outcome is Outcome.NOTE
    assert any("adjusted closes only" in line for line in verdict.assumptions)


def test_what_a_live_feed_does_not_know_rejects():
    engine = an_engine(a_policy(recorded=False))

    for unknown in ({"raw_close": None}, {"active": None}):
        verdict = judged(a_trade(), market=bars(a_market(continuous=True), "AAPL", **unknown), engine=engine)
        assert verdict.decision is Decision.REJECT
        assert said("tradable_symbol", verdict).outcome is Outcome.NOT_EVALUATED


def test_an_exit_needs_no_price_and_no_mandate():
    market = a_market(symbols={"TSLA": 100.0})

    assert checked("tradable_symbol", an_exit("TSLA"), a_book({"TSLA": 20.0}), market).outcome is Outcome.PASS


def test_an_exit_of_what_is_not_active_is_refused():
    market = with_bars(a_market(), "AAPL", active=False)

    assert judged(an_exit(), a_book({"AAPL": 20.0}), market).decision is Decision.REJECT


def test_a_symbol_without_prices_is_named():
    message = checked("tradable_symbol", a_trade("KO"), market=a_market(symbols={"AAPL": 100.0})).message

    assert message == "KO has no prices in the feed 'recorded'"
