import math

import numpy as np
import pytest

from domain.verdict import Outcome
from tests.risk_engine.builders import a_book, a_market, a_trade, an_exit, checked, judged, said, with_bars


def swinging(annualised, days=253):
    """Returns alternate between plus and minus one daily standard deviation, so that every estimate is that one."""
    daily = annualised / math.sqrt(252)
    steps = np.where(np.arange(days - 1) % 2 == 0, daily, -daily)
    closes = np.concatenate([[1.0], np.cumprod(1.0 + steps)])
    return with_bars(a_market(days=days), "AAPL", closes=tuple((100.0 * closes / closes[-1]).tolist()))


@pytest.mark.parametrize(
    ("annualised", "outcome"),
    [
        (0.41, Outcome.PASS),
        (0.43, Outcome.ALERT),
        (0.60, Outcome.ALERT),
        (0.61, Outcome.SOFT),
        (1.00, Outcome.SOFT),
        (1.01, Outcome.HARD),
    ],
)
def test_wild_symbols_are_asked_about_and_then_refused(annualised, outcome):
    result = checked("volatility_limit", a_trade(), market=swinging(annualised))

    assert (result.outcome, result.soft, result.hard) == (outcome, 0.60, 1.00)
    assert result.observed == pytest.approx(annualised)


def test_too_short_a_history_is_no_basis():
    assert checked("volatility_limit", a_trade(), market=swinging(0.2, 20)).outcome is Outcome.NOT_EVALUATED
    assert checked("volatility_limit", a_trade(), market=swinging(0.2, 21)).outcome is Outcome.PASS


def test_exits_leave_any_symbol():
    verdict = judged(an_exit(), a_book({"AAPL": 20.0}), swinging(3.0))

    assert said("volatility_limit", verdict).outcome is Outcome.NOT_APPLICABLE
