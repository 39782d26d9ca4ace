import pytest

from domain.verdict import Decision, Outcome
from tests.risk_engine.builders import (
    POLICY,
    a_book,
    a_market,
    a_policy,
    a_reservation,
    a_trade,
    an_exit,
    checked,
    judged,
    said,
)


@pytest.mark.parametrize(
    ("msft", "outcome"),
    [
        (150.0, Outcome.PASS),
        (155.0, Outcome.ALERT),  # 17.5 % is 70 % of 25 %
        (230.0, Outcome.ALERT),
        (231.0, Outcome.SOFT),
        (330.0, Outcome.SOFT),
        (331.0, Outcome.HARD),
    ],
)
def test_one_sector_may_weigh_a_quarter(msft, outcome):
    result = checked("max_sector_weight", a_trade("AAPL", 20.0), a_book({"MSFT": msft, "XOM": 100.0}))

    assert result.outcome is outcome
    assert result.observed == pytest.approx((msft + 20.0) / 1000.0)
    assert result.largest_quantity == max(250.0 - msft, 0.0)


def test_what_others_have_reserved_in_the_sector_counts():
    book = a_book({"MSFT": 200.0}, reservations=(a_reservation("NVDA", quantity=40.0),))

    assert checked("max_sector_weight", a_trade("AAPL", 20.0), book).largest_quantity == 10.0


def test_symbols_of_unknown_sector_share_a_small_budget():
    market = a_market(symbols={"AAPL": 100.0, "TSLA": 100.0, "GM": 100.0})

    result = checked("max_sector_weight", a_trade("TSLA", 20.0), a_book({"GM": 40.0}), market)

    assert (result.outcome, result.soft, result.hard, result.largest_quantity) == (Outcome.HARD, 0.05, 0.05, 10.0)


def test_a_sector_can_have_its_own_budget():
    text = POLICY.replace("{ unknown = 0.05 }", "{ unknown = 0.05, technology = 0.30 }")
    policy = a_policy(text=text)

    result = checked("max_sector_weight", a_trade("AAPL", 20.0), a_book({"MSFT": 270.0}), policy=policy)

    assert (result.outcome, result.soft, result.largest_quantity) == (Outcome.ALERT, 0.30, 30.0)


def test_a_sector_over_its_hard_limit_blocks_adding():
    verdict = judged(a_trade("AAPL"), a_book({"MSFT": 180.0, "NVDA": 180.0}))

    assert said("max_sector_weight", verdict).outcome is Outcome.HARD
    assert verdict.decision is Decision.REJECT


def test_exits_are_not_capped():
    assert judged(an_exit("MSFT"), a_book({"MSFT": 400.0})).decision is Decision.EXECUTE


def test_the_card_speaks_of_the_sector():
    assert checked("max_sector_weight", a_trade()).message.startswith("the sector of AAPL would weigh 2 %")
