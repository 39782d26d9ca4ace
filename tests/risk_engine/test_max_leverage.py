import pytest

from domain.book import Position
from domain.verdict import Decision, Outcome
from tests.risk_engine.builders import a_book, a_reservation, a_trade, an_exit, checked, judged, said


@pytest.mark.parametrize(
    ("held", "outcome"),
    [
        (679.0, Outcome.PASS),
        (680.0, Outcome.ALERT),
        (980.0, Outcome.ALERT),
        (981.0, Outcome.SOFT),
        (1180.0, Outcome.SOFT),
        (1181.0, Outcome.HARD),
    ],
)
def test_gross_exposure_may_be_all_of_equity(held, outcome):
    result = checked("max_leverage", a_trade("AAPL", 20.0), a_book({"XOM": held}))

    assert result.outcome is outcome
    assert result.observed == pytest.approx((held + 20.0) / 1000.0)
    assert result.largest_quantity == max(1000.0 - held, 0.0)


def test_short_positions_and_reservations_add_to_it():
    short = {"XOM": Position(symbol="XOM", quantity=-300.0, average_price=100.0)}
    book = a_book(positions=short, reservations=(a_reservation("KO", quantity=600.0),))

    assert checked("max_leverage", a_trade("AAPL", 20.0), book).observed == pytest.approx(0.92)


def test_a_book_over_the_hard_limit_buys_nothing():
    verdict = judged(a_trade("AAPL"), a_book({"XOM": 1250.0}))

    assert said("max_leverage", verdict).outcome is Outcome.HARD
    assert verdict.decision is Decision.REJECT


def test_exits_lower_it():
    assert judged(an_exit("XOM"), a_book({"XOM": 1250.0})).decision is Decision.EXECUTE


def test_the_traded_symbol_counts_once():
    result = checked("max_leverage", a_trade("XOM", 20.0), a_book({"XOM": 300.0, "KO": 100.0}))

    assert result.observed == pytest.approx(0.42)
    assert result.message.startswith("gross exposure would be 42 %")
