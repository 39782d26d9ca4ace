import pytest

from domain.verdict import Outcome
from tests.risk_engine.builders import a_book, a_trade, an_exit, checked, judged, said


@pytest.mark.parametrize(
    ("stopped", "outcome"),
    [
        ((), Outcome.PASS),
        (("AAPL",), Outcome.SOFT),
        (("MSFT", "XOM"), Outcome.PASS),
        (("MSFT", "XOM", "XOM"), Outcome.PASS),
        (("MSFT", "XOM", "KO"), Outcome.SOFT),
    ],
)
def test_what_was_stopped_out_rests(stopped, outcome):
    assert checked("cooldown", a_trade(), a_book(stopped_out=stopped)).outcome is outcome


def test_exits_do_not_rest():
    verdict = judged(an_exit(), a_book({"AAPL": 20.0}, stopped_out=("AAPL",)))

    assert said("cooldown", verdict).outcome is Outcome.NOT_APPLICABLE
