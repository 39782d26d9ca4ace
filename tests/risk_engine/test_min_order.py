import pytest

from domain.verdict import Decision, Outcome
from tests.risk_engine.builders import a_book, a_trade, an_engine, an_exit, checked, judged, said


@pytest.mark.parametrize(
    ("price", "equity", "outcome"),
    [
        (100.0, 100_000.0, Outcome.PASS),  # 0.1 % of 100,000 is 100 dollars
        (99.0, 100_000.0, Outcome.HARD),
        (50.0, 10_000.0, Outcome.PASS),  # 0.1 % is 10, 50 dollars count
        (49.0, 10_000.0, Outcome.HARD),
    ],
)
def test_small_orders_are_refused(price, equity, outcome):
    book = a_book(equity=equity, cash=equity)

    assert checked("min_order", a_trade(quantity=1.0, price=price), book).outcome is outcome


def test_an_order_that_resizing_makes_too_small_is_refused():
    verdict = judged(a_trade(quantity=30.0), a_book({"AAPL": 80.0}))

    assert verdict.decision is Decision.REJECT
    assert verdict.breached == ("min_order",)
    assert "max_position_weight" in verdict.sized_by
    assert "room for 0 of 30" in said("max_position_weight", verdict).message


def test_the_engine_tells_the_smallest_order():
    assert an_engine().min_order(100_000.0) == pytest.approx(100.0)
    assert an_engine().min_order(1_000.0) == pytest.approx(50.0)


def test_an_exit_may_be_small():
    assert judged(an_exit(quantity=0.1), a_book({"AAPL": 0.1})).decision is Decision.EXECUTE
