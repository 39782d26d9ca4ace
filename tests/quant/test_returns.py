import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import BadInput
from quant.returns import log_returns, simple_returns

prices = st.lists(st.floats(0.01, 1e6), min_size=2, max_size=30)


def test_simple_returns_are_fractions_of_the_close_before():
    assert simple_returns(np.array([100.0, 110.0, 99.0])) == pytest.approx([0.10, -0.10])


def test_a_panel_gives_one_column_a_symbol():
    closes = np.array([[100.0, 50.0], [101.0, 49.0]])

    assert simple_returns(closes).shape == log_returns(closes).shape == (1, 2)
    assert simple_returns(closes)[0] == pytest.approx([0.01, -0.02])


@given(prices)
def test_log_returns_are_the_logarithm_of_one_plus_simple_returns(closes):
    panel = np.array(closes)

    assert np.exp(log_returns(panel)) - 1.0 == pytest.approx(simple_returns(panel), rel=1e-9, abs=1e-9)


@given(prices, st.floats(0.01, 100.0))
def test_returns_do_not_depend_on_the_unit_of_price(closes, scale):
    panel = np.array(closes)

    assert simple_returns(panel * scale) == pytest.approx(simple_returns(panel), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf])
@pytest.mark.parametrize("returns", [simple_returns, log_returns])
def test_a_close_that_is_no_price_is_refused_with_its_place(returns, bad):
    with pytest.raises(BadInput, match=r"\(1,\) is no price"):
        returns(np.array([100.0, bad, 101.0]))


def test_three_dimensions_are_refused():
    with pytest.raises(BadInput, match="3 dimensions"):
        simple_returns(np.ones((2, 2, 2)))
