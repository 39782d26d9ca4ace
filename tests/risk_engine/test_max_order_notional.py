import pytest

from domain.verdict import Decision, Outcome
from tests.risk_engine.builders import a_book, a_trade, an_exit, checked, judged, said, traded


@pytest.mark.parametrize(
    ("units", "outcome"),
    [
        (50.0, Outcome.PASS),
        (56.0, Outcome.ALERT),  # 70 % of 8 % is 5.6 %
        (80.0, Outcome.ALERT),
        (81.0, Outcome.SOFT),
        (120.0, Outcome.SOFT),
        (121.0, Outcome.HARD),
    ],
)
def test_an_order_is_measured_against_equity(units, outcome):
    result = checked("max_order_notional", a_trade(quantity=units))

    assert (result.outcome, result.largest_quantity) == (outcome, 80.0)
    assert result.observed == pytest.approx(units * 100.0 / 100_000.0)


def test_orders_of_one_symbol_and_side_add_up_in_a_session():
    book = a_book(
        trades_today=(traded(notional=3_000.0), traded("MSFT", 9_000.0), traded(notional=9_000.0, side="SELL"))
    )

    result = checked("max_order_notional", a_trade(quantity=60.0), book)

    # 8 % less 3 % leaves 5,000 dollars
    assert (result.outcome, result.observed, result.largest_quantity) == (Outcome.SOFT, pytest.approx(0.09), 50.0)


def test_what_was_over_the_hard_limit_before_rejects():
    verdict = judged(a_trade(), a_book(trades_today=(traded(notional=13_000.0),)))

    assert said("max_order_notional", verdict).outcome is Outcome.HARD
    assert verdict.decision is Decision.REJECT


def test_its_own_earlier_version_does_not_count():
    book = a_book(trades_today=(traded(notional=8_000.0, number=7),))

    assert checked("max_order_notional", a_trade(proposal_id="t7"), book).observed == pytest.approx(0.02)


def test_exits_are_not_capped():
    verdict = judged(an_exit(quantity=200.0), a_book({"AAPL": 200.0}))

    assert (verdict.decision, verdict.quantity) == (Decision.EXECUTE, 200.0)


def test_the_card_speaks_of_the_session():
    assert checked("max_order_notional", a_trade()).message.startswith(
        "this session's BUY orders of AAPL would come to 2 %"
    )
