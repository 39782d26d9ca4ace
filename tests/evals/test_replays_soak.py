"""The shipped policy and the baseline over the years that a desk has to live through: is there a desk left?"""

from datetime import date

import pytest

from evals.replay.summary import months_without_opening

YEARS = {2008: (0.30, 0.30), 2017: (0.20, 0.50), 2020: (0.20, 0.30), 2022: (0.20, 0.50)}
"""Year: the largest share that may be asked, the smallest that must go through."""
LAST = date(2022, 12, 28)
FEWEST = 40


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("year", YEARS)
def test_a_hard_year_leaves_a_desk_that_trades(backtest, year):
    asked, executed = YEARS[year]

    result = backtest(first=date(year, 1, 1), last=min(date(year, 12, 31), LAST)).result

    assert result.entries.total >= FEWEST
    assert result.entries.asked_share <= asked
    assert result.entries.executed_share >= executed
    assert months_without_opening(result) == ()


@pytest.mark.soak
@pytest.mark.timeout(14_400)
def test_twenty_eight_years_leave_a_desk_that_trades(backtest):
    result = backtest(first=date(1995, 1, 1), last=LAST).result

    assert result.entries.total >= FEWEST * 28
    assert result.entries.asked_share <= 0.20
    assert result.entries.executed_share >= 0.50
