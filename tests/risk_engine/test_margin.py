import pytest

from domain.verdict import Outcome
from tests.risk_engine.builders import a_book, a_trade, an_exit, checked, judged, said


@pytest.mark.parametrize(
    ("excess", "outcome"),
    [
        (0.36, Outcome.PASS),
        (0.35, Outcome.ALERT),  # 25 % / 0.7 is 35.7 %
        (0.25, Outcome.ALERT),
        (0.24, Outcome.SOFT),
        (0.10, Outcome.SOFT),
        (0.09, Outcome.HARD),
        (None, Outcome.NOT_EVALUATED),
    ],
)
def test_a_margin_account_keeps_an_excess(excess, outcome):
    assert checked("margin", a_trade(), a_book(margin_account=True, margin_excess=excess)).outcome is outcome


def test_a_cash_account_has_none():
    assert checked("margin", a_trade(), a_book(margin_excess=0.0)).outcome is Outcome.NOT_APPLICABLE


def test_day_trades_are_remarked_on():
    result = checked("margin", a_trade(), a_book(margin_account=True, margin_excess=0.9, day_trades=3))

    assert result.outcome is Outcome.ALERT
    assert "3 day trades" in result.message


def test_exits_lower_the_need():
    verdict = judged(an_exit(), a_book({"AAPL": 20.0}, margin_account=True, margin_excess=0.0))

    assert said("margin", verdict).outcome is Outcome.NOT_APPLICABLE
