import pytest

from domain.market import (
    Quote,
)
from domain.verdict import (
    Decision,
    Outcome,
)
from tests.risk_engine.builders import (
    NOON,
    a_book,
    a_market,
    a_trade,
    an_exit,
    checked,
    judged,
    said,
    with_bars,
)


def quoted(spread):
    """A quote around 100 dollars; the spread is a fraction of the mid."""
    quote = Quote(bid=100.0 * (1.0 - spread / 2.0), ask=100.0 * (1.0 + spread / 2.0), at=NOON)
    return with_bars(a_market(continuous=True), "AAPL", quote=quote)


@pytest.mark.parametrize(
    ("spread", "outcome"),
    [
        (0.0034, Outcome.PASS),
        (0.0035, Outcome.ALERT),
        (0.005, Outcome.ALERT),
        (0.0051, Outcome.SOFT),
        (0.02, Outcome.SOFT),
        (0.0201, Outcome.HARD),
    ],
)
def test_a_wide_spread_is_asked_about_and_then_refused(spread, outcome):
    assert checked("spread", a_trade(), market=quoted(spread)).outcome is outcome


def test_a_crossed_quote_is_none():
    assert checked("spread", a_trade(), market=quoted(-0.01)).outcome is Outcome.NOT_EVALUATED


def test_a_recorded_feed_notes_that_it_has_no_quotes():
    assert said("spread", judged(a_trade())).outcome is Outcome.NOTE


def test_an_exit_is_asked_about_at_most():
    book = a_book({"AAPL": 20.0})

    assert checked("spread", an_exit(), book, quoted(0.5)).outcome is Outcome.SOFT
    assert checked("spread", an_exit(), book, a_market()).outcome is Outcome.ALERT


def test_a_quote_without_a_spread_is_one():
    quote = Quote(bid=100.0, ask=100.0, at=NOON)

    result = checked("spread", a_trade(), market=with_bars(a_market(continuous=True), "AAPL", quote=quote))

    assert (result.outcome, result.observed) == (Outcome.PASS, 0.0)


def test_an_exit_across_a_wide_spread_is_asked_about():
    wide = with_bars(a_market(continuous=True), "AAPL", quote=Quote(bid=95.0, ask=105.0, at=NOON))

    assert judged(an_exit(), a_book({"AAPL": 20.0}), wide).decision is Decision.APPROVAL
