from datetime import date

import numpy as np
import pytest

from evals.report.months import monthly, months_up

DAYS = [date(2020, 1, 30), date(2020, 1, 31), date(2020, 2, 3), date(2021, 2, 1)]


def test_returns_compound_by_month_and_year():
    table = monthly(DAYS, np.array([0.10, 0.10, -0.5, 0.2]))

    assert table[2020] == {1: pytest.approx(0.21), 2: pytest.approx(-0.5), 0: pytest.approx(1.21 * 0.5 - 1)}
    assert table[2021] == {2: pytest.approx(0.2), 0: pytest.approx(0.2)}


def test_months_that_ended_higher_are_counted():
    assert months_up(monthly(DAYS, np.array([0.10, 0.10, -0.5, 0.2]))) == pytest.approx(2 / 3)
