import numpy as np
import pytest

from quant.metrics import METRICS
from quant.track import Track
from quant.turnover import one_way_turnover

turnover = METRICS["turnover"]


def test_cash_counts_as_a_position():
    # By hand: 10 % of equity from cash into one symbol is one-way 10 %, a swap of 10 % as well.
    assert one_way_turnover(np.array([0.3, 0.2]), np.array([0.2, 0.2])) == pytest.approx(0.1)
    assert one_way_turnover(np.array([0.3, 0.1]), np.array([0.2, 0.2])) == pytest.approx(0.1)


def test_the_first_purchase_is_no_turnover_and_the_rest_is_annualised():
    traded = np.zeros(126)
    traded[[0, 40, 80]] = [1.0, 0.1, 0.2]

    assert turnover(Track(np.zeros(126), turnover=traded)).value == pytest.approx(0.3 * 2)


def test_nobody_traded_is_zero_and_not_known_is_none():
    assert turnover(Track(np.zeros(5), turnover=np.zeros(5))).value == 0.0
    assert turnover(Track(np.zeros(5))).reason == "no_turnover"
