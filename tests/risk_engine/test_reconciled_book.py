import pytest

from domain.verdict import Outcome
from tests.risk_engine.builders import a_book, a_trade, an_exit, checked, judged, said


@pytest.mark.parametrize(
    ("unknown", "mismatches", "outcome"),
    [
        (0, 0, Outcome.PASS),
        (1, 0, Outcome.SOFT),
        (2, 0, Outcome.SOFT),
        (3, 0, Outcome.HARD),
        (0, 1, Outcome.HARD),
    ],
)
def test_we_want_to_know_what_we_have(unknown, mismatches, outcome):
    book = a_book(unknown_orders=unknown, mismatches=mismatches)

    assert checked("reconciled_book", a_trade(), book).outcome is outcome


def test_exits_stay_possible():
    verdict = judged(an_exit(), a_book({"AAPL": 20.0}, unknown_orders=9, mismatches=9))

    assert said("reconciled_book", verdict).outcome is Outcome.NOT_APPLICABLE
