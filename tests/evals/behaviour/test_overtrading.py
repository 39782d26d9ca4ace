import pytest

from evals.behaviour import BEHAVIOUR
from evals.finding import Level
from evals.history import History
from tests.evals.builders import a_fill, day

overtrading = BEHAVIOUR["overtrading"]


def churn(commission, months=8, last=1):
    """One round trip a month that makes 10 dollars before cost; `last` of them in the last month."""
    fills = []
    for month in range(months):
        for repeat in range(last if month == months - 1 else 1):
            number = 1000 * month + 2 * repeat
            start = day(31 * month + repeat)
            fills += [
                a_fill(number, "S0", "BUY", 100.0, start, commission=commission / 2),
                a_fill(number + 1, "S0", "SELL", 101.0, start, commission=commission / 2),
            ]
    return History(fills=tuple(fills))


@pytest.mark.parametrize(("commission", "level"), [(1.0, Level.FINE), (4.0, Level.WATCH), (8.0, Level.WARNING)])
def test_the_share_that_costs_take_is_found(commission, level):
    finding = overtrading(churn(commission))

    assert (finding.value, finding.level) == (pytest.approx(commission / 10.0), level)


def test_a_burst_beyond_its_own_habit_is_noticed():
    assert overtrading(churn(1.0, last=6)).level is Level.WATCH
    assert overtrading(churn(1.0, last=6)).parts["trades_a_month"] == 12


def test_few_positions_say_nothing():
    assert overtrading(churn(1.0, months=3)).value is None
