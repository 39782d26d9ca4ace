import numpy as np
import pytest

from domain.verdict import Decision, Outcome
from risk_engine.rules.correlation_limit import CorrelationLimit
from tests.risk_engine.builders import (
    a_book,
    a_market,
    a_policy,
    a_reservation,
    a_trade,
    an_engine,
    an_exit,
    checked,
    judged,
    said,
    with_bars,
)


def moving_as_one(*symbols, **changes):
    market = a_market(**changes)
    for symbol in symbols[1:]:
        market = with_bars(market, symbol, closes=market.history[symbols[0]].closes)
    return market


TWINS = moving_as_one("AAPL", "XOM")


@pytest.mark.parametrize(
    ("xom", "outcome"),
    [
        (224.0, Outcome.PASS),
        (225.0, Outcome.ALERT),  # 24.5 % is 70 % of 35 %
        (330.0, Outcome.ALERT),
        (331.0, Outcome.SOFT),
        (480.0, Outcome.SOFT),
        (481.0, Outcome.HARD),
    ],
)
def test_names_that_move_as_one_count_as_one(xom, outcome):
    result = checked("correlation_limit", a_trade("AAPL", 20.0), a_book({"XOM": xom, "KO": 100.0}), TWINS)

    assert result.outcome is outcome
    assert result.observed == pytest.approx((xom + 20.0) / 1000.0)
    assert result.largest_quantity == max(350.0 - xom, 0.0)


def test_what_others_have_reserved_counts():
    book = a_book(reservations=(a_reservation("XOM", quantity=340.0),))

    assert checked("correlation_limit", a_trade("AAPL", 20.0), book, TWINS).largest_quantity == 10.0


def test_a_lone_name_is_not_its_business():
    result = checked("correlation_limit", a_trade("AAPL", 900.0), a_book({"KO": 100.0, "AAPL": 50.0}), TWINS)

    assert (result.outcome, result.largest_quantity) == (Outcome.PASS, None)


def test_only_correlation_to_the_traded_name_counts():
    # A moves with B and B with C, as each is the sum of its neighbours' noise; A and C do not move together
    rng = np.random.default_rng(7)
    shocks = rng.normal(0.0, 0.01, (252, 2))
    steps = {"AAPL": shocks[:, 0], "XOM": shocks.sum(axis=1), "KO": shocks[:, 1]}
    market = a_market()
    for symbol, moves in steps.items():
        closes = 100.0 * np.exp(np.concatenate([[0.0], np.cumsum(moves)]) - moves.sum())
        market = with_bars(market, symbol, closes=tuple(closes.tolist()))
    policy = a_policy(correlation_limit={"correlation": 0.55})
    result = checked(
        "correlation_limit",
        a_trade("AAPL", 20.0),
        a_book({"XOM": 10.0, "KO": 10.0}),
        market,
        policy=policy,
    )

    assert result.observed == pytest.approx(0.03)


def test_too_short_a_history_is_no_basis():
    result = checked("correlation_limit", a_trade(), market=a_market(days=60))

    assert result.outcome is Outcome.NOT_EVALUATED
    assert checked("correlation_limit", a_trade(), market=a_market(days=61)).outcome is Outcome.PASS


def test_exits_are_not_capped():
    verdict = judged(an_exit("XOM"), a_book({"XOM": 400.0, "AAPL": 200.0}), TWINS)

    assert said("correlation_limit", verdict).outcome is Outcome.NOT_APPLICABLE
    assert verdict.decision is Decision.EXECUTE


def test_the_card_speaks_of_the_group():
    book = a_book({"MSFT": 100.0})
    market = with_bars(a_market(), "MSFT", closes=a_market().history["AAPL"].closes)

    said_of_it = checked("correlation_limit", a_trade("AAPL"), book, market).message

    assert said_of_it.startswith("names that correlate with AAPL would weigh 12 %")


def test_what_moves_like_nothing_in_the_book_has_no_others():
    trade, book, engine = a_trade("AAPL"), a_book({"KO": 100.0}), an_engine()
    situation = engine._situation(book, TWINS, engine._figures(book, TWINS, (trade,)))

    assert a_policy().find(CorrelationLimit).others(trade, situation) == 0.0
