"""What every metric keeps, whatever series it is given; a new metric is tested here by being there."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from quant.measure import measured
from quant.metrics import METRICS

GAPPY = np.random.default_rng(5).normal(0.0, 0.01, 100)
GAPPY[::7] = np.nan

EDGES = {
    "nothing": np.array([]),
    "constant 0": np.zeros(50),
    "constant +": np.full(50, 0.001),
    "one point": np.array([-0.1]),
    "two points": np.array([0.1, -0.1]),
    "15 % missing": GAPPY,
    "all missing": np.full(5, np.nan),
    "all +": np.linspace(0.001, 0.01, 50),
    "all -": np.linspace(-0.01, -0.001, 50),
    "total loss": np.array([0.01, -1.0, 0.0, 0.02]),
    "first day -10 %": np.array([-0.1, 0.05, 0.05, 0.05]),
}


@pytest.mark.parametrize("name", METRICS.names())
@pytest.mark.parametrize("series", EDGES)
def test_every_metric_answers_every_edge_series_with_a_number_or_a_reason(name, series):
    measure = METRICS[name](EDGES[series])

    assert (measure.value is None) != (measure.reason is None)
    assert measure.value is None or math.isfinite(measure.value)
    assert measure.n + measure.missing == len(EDGES[series])


@pytest.mark.parametrize("name", METRICS.names())
@given(returns=arrays(np.float64, st.integers(0, 30), elements=st.floats(width=64)))
def test_no_series_of_numbers_makes_a_metric_raise(name, returns):
    measure = METRICS[name](returns)

    assert (measure.value is None) != (measure.reason is None)


@pytest.mark.parametrize("name", METRICS.names())
def test_missing_sessions_are_dropped_and_counted_and_never_zeroed(name):
    measure = METRICS[name](GAPPY)

    assert measure.value == METRICS[name](GAPPY[np.isfinite(GAPPY)]).value
    assert (measure.n, measure.missing, measure.low_quality) == (85, 15, True)


def test_five_per_cent_missing_is_not_yet_low_quality():
    assert not measured(1.0, n=95, missing=5).low_quality
    assert measured(1.0, n=94, missing=6).low_quality


def test_the_first_metrics_are_there():
    assert {"max_drawdown", "sharpe", "volatility"} <= set(METRICS.names())
