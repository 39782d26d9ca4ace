import pytest

from domain.verdict import Outcome
from tests.risk_engine.builders import a_book, a_market, a_reservation, a_trade, an_exit, checked, judged, said

NAMES = tuple(f"S{n}" for n in range(31))
MARKET = a_market(symbols=dict.fromkeys((*NAMES, "AAPL"), 100.0), days=3)


@pytest.mark.parametrize(
    ("held", "outcome"),
    [
        (12, Outcome.PASS),
        (13, Outcome.ALERT),
        (19, Outcome.ALERT),
        (20, Outcome.SOFT),
        (29, Outcome.SOFT),
        (30, Outcome.HARD),
    ],
)
def test_names_are_counted(held, outcome):
    result = checked("open_positions", a_trade(), a_book(dict.fromkeys(NAMES[:held], 1.0)), MARKET)

    assert (result.outcome, result.observed) == (outcome, held + 1)


def test_adding_makes_no_new_one():
    book = a_book(dict.fromkeys(NAMES[:30], 1.0))

    assert checked("open_positions", a_trade("S0"), book, MARKET).outcome is Outcome.PASS


def test_reserved_names_count():
    book = a_book(dict.fromkeys(NAMES[:19], 1.0), reservations=(a_reservation("S25"),))

    assert checked("open_positions", a_trade(), book, MARKET).outcome is Outcome.SOFT


def test_exits_lower_the_number():
    verdict = judged(an_exit("S0", 1.0), a_book(dict.fromkeys(NAMES, 1.0)), MARKET)

    assert said("open_positions", verdict).outcome is Outcome.NOT_APPLICABLE
