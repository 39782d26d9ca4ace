import numpy as np
import pytest

from quant.metrics import METRICS
from quant.metrics.sharpe import sharpe
from quant.track import Track


def test_sharpe_is_the_mean_over_the_deviation_annualised():
    # By hand: mean 0.01, deviation 0.01, so 1 a session and the root of 252 a year.
    assert sharpe(Track(np.array([0.0, 0.01, 0.02]))).value == pytest.approx(np.sqrt(252))


def test_its_standard_error_is_lo_s():
    # Lo 2002: SR 1 a session, n = 3, so sqrt((1 + 1/2) / 3) = sqrt(1/2) a session.
    assert sharpe(Track(np.array([0.0, 0.01, 0.02]))).standard_error == pytest.approx(np.sqrt(0.5 * 252))


@pytest.mark.parametrize("risk_free", [0.01, np.full(3, 0.01)])
def test_the_risk_free_return_is_taken_off_each_session(risk_free):
    assert sharpe(Track(np.array([0.0, 0.01, 0.02]), risk_free=risk_free)).value == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    ("returns", "reason"),
    [([0.01], "n<2"), ([0.001] * 50, "zero_variance"), ([0.0] * 50, "zero_variance"), ([1e308, -1e308], "overflow")],
)
def test_where_it_is_undefined_it_says_why(returns, reason):
    assert METRICS["sharpe"](Track(np.array(returns))).reason == reason
