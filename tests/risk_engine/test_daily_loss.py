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


@pytest.mark.parametrize("change", [0.05, 0.0])
def test_a_good_session_is_no_loss(change):
    assert checked("daily_loss", a_trade(), a_book(last_session_return=change)).observed == 0.0


def test_rounding_decides_for_the_stricter_side():
    for level, outcome in ((0.02, Outcome.SOFT), (0.03, Outcome.HARD)):
        just_short, short = level - 0.9e-9, level - 1.5e-9
        assert checked("daily_loss", a_trade(), a_book(last_session_return=-just_short)).outcome is outcome
        assert checked("daily_loss", a_trade(), a_book(last_session_return=-short)).outcome is not outcome
