import pytest

from domain.verdict import Outcome
from tests.risk_engine.builders import a_book, a_trade, an_exit, checked, judged, said


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        (None, Outcome.PASS),
        (0.05, Outcome.PASS),
        (-0.013, Outcome.PASS),
        (-0.014, Outcome.ALERT),
        (-0.019, Outcome.ALERT),
        (-0.02, Outcome.SOFT),
        (-0.029, Outcome.SOFT),
        (-0.03, Outcome.HARD),
        (-0.06, Outcome.HARD),
    ],
)
def test_entries_wait_after_a_bad_session(change, outcome):
    assert checked("daily_loss", a_trade(), a_book(last_session_return=change)).outcome is outcome


def test_exits_do_not():
    verdict = judged(an_exit(), a_book({"AAPL": 20.0}, last_session_return=-0.2))

    assert said("daily_loss", verdict).outcome is Outcome.NOT_APPLICABLE
