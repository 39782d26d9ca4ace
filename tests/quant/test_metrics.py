"""What every metric keeps, whatever series it is given; a new metric is tested here by being there."""

import math

import empyrical
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from quant.measure import measured
from quant.metrics import METRICS
from quant.track import Track

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


COUNTING_TIME = {"cagr", "calmar", "drawdown_length", "turnover"}
"""Metrics for which a session without a return has passed all the same."""


def track(series):
    """Everything a metric may look at, made of one series."""
    with np.errstate(all="ignore"):
        return Track(
            series, benchmark=series * 0.5 + 0.001, trades=series, turnover=np.abs(series), exposure=np.abs(series)
        )


@pytest.mark.parametrize("name", METRICS.names())
@pytest.mark.parametrize("series", EDGES)
def test_every_metric_answers_every_edge_series_with_a_number_or_a_reason(name, series):
    measure = METRICS[name](track(EDGES[series]))

    assert (measure.value is None) != (measure.reason is None)
    assert measure.value is None or math.isfinite(measure.value)
    assert measure.n + measure.missing == len(EDGES[series])


@pytest.mark.parametrize("name", METRICS.names())
@given(returns=arrays(np.float64, st.integers(0, 30), elements=st.floats(width=64)))
def test_no_series_of_numbers_makes_a_metric_raise(name, returns):
    measure = METRICS[name](track(returns))

    assert (measure.value is None) != (measure.reason is None)


@pytest.mark.parametrize("name", METRICS.names())
def test_what_a_record_does_not_hold_is_no_number(name):
    bare = METRICS[name](Track(np.full(200, 0.01) * np.sign(np.arange(200) % 3 - 0.5)))

    assert (bare.value is None) == (bare.reason is not None)
    if name in {"alpha", "beta", "information_ratio", "hit_rate", "profit_factor", "turnover", "exposure"}:
        assert bare.reason in {"no_benchmark", "no_trades", "no_turnover", "no_exposure"}


@pytest.mark.parametrize("name", sorted(set(METRICS.names()) - COUNTING_TIME))
def test_missing_sessions_are_dropped_and_counted_and_never_zeroed(name):
    measure = METRICS[name](track(GAPPY))

    assert measure.value == METRICS[name](track(GAPPY[np.isfinite(GAPPY)])).value
    assert (measure.n, measure.missing, measure.low_quality) == (85, 15, True)


def test_five_per_cent_missing_is_not_yet_low_quality():
    assert not measured(1.0, n=95, missing=5).low_quality
    assert measured(1.0, n=94, missing=6).low_quality


def test_the_metrics_of_the_field_are_there():
    assert set(METRICS.names()) >= {
        *("alpha", "beta", "cagr", "calmar", "drawdown_length", "expected_shortfall", "exposure", "hit_rate"),
        *("information_ratio", "max_drawdown", "profit_factor", "session_hit_rate", "sharpe", "sortino"),
        *("sortino_negative_std", "total_return", "turnover", "value_at_risk", "volatility"),
    }


NOISE = np.random.default_rng(1)
BENCHMARK = NOISE.normal(0.0003, 0.01, 1000)
RETURNS = 0.0002 + 0.8 * BENCHMARK + NOISE.normal(0.0, 0.006, 1000)


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("cagr", lambda r, _: empyrical.cagr(r)),
        ("total_return", lambda r, _: empyrical.cum_returns_final(r)),
        ("volatility", lambda r, _: empyrical.annual_volatility(r)),
        ("sharpe", lambda r, _: empyrical.sharpe_ratio(r)),
        ("sortino", lambda r, _: empyrical.sortino_ratio(r)),
        ("max_drawdown", lambda r, _: empyrical.max_drawdown(r)),
        ("calmar", lambda r, _: empyrical.calmar_ratio(r)),
        ("beta", empyrical.beta),
        # Theirs compounds a session's alpha over the year.
        ("alpha", lambda r, b: ((1 + empyrical.alpha(r, b)) ** (1 / 252) - 1) * 252),
        # Theirs is a session's ratio.
        ("information_ratio", lambda r, b: empyrical.excess_sharpe(r, b) * np.sqrt(252)),
        # Theirs are returns, ours are losses.
        ("value_at_risk", lambda r, _: -empyrical.value_at_risk(r)),
        ("expected_shortfall", lambda r, _: -empyrical.conditional_value_at_risk(r)),
    ],
)
def test_a_second_opinion_agrees(name, theirs):
    ours = METRICS[name](Track(RETURNS, benchmark=BENCHMARK)).value

    assert ours == pytest.approx(theirs(pd.Series(RETURNS), pd.Series(BENCHMARK)), rel=1e-9)
