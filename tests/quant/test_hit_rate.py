import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.hit_rate import hit_rates, score_buckets


def made_panel(sessions: int) -> tuple[np.ndarray, np.ndarray]:
    """Five symbols that keep their order; the weakest falls always, the strongest rises always."""
    growth = np.array([0.99, 0.995, 1.0, 1.0005, 1.01])
    closes = 100.0 * growth ** np.arange(sessions)[:, None]
    return np.tile([-2.0, -1.0, 0.0, 1.0, 2.0], (sessions, 1)), closes


def test_each_symbol_is_judged_by_the_cases_of_its_bucket():
    scores, closes = made_panel(40)

    records = hit_rates(scores, closes, horizon=5)

    # 40 sessions hold 35 completed cases of 5; the fourth grows 0.25 % in them, more than its cost of 0.1 %.
    assert [record.cases for record in records] == [35] * 5
    assert [record.rate for record in records] == [0.0, 0.0, 0.0, 1.0, 1.0]


def test_a_gain_smaller_than_its_cost_is_no_hit_and_no_gain_is_none_either():
    scores, closes = made_panel(40)

    assert hit_rates(scores, closes, horizon=1)[3].rate == 0.0
    assert hit_rates(scores, closes, horizon=1, cost=0.0)[3].rate == 1.0
    assert hit_rates(scores, closes, horizon=1, cost=0.0)[2].rate == 0.0


def test_below_thirty_cases_nothing_is_said():
    at_29, at_30 = (hit_rates(*made_panel(sessions), horizon=5)[0] for sessions in (34, 35))

    assert (at_29.rate, at_29.cases) == (None, 29)
    assert (at_30.rate, at_30.cases) == (0.0, 30)


def test_a_panel_shorter_than_the_horizon_has_no_case():
    assert [record.cases for record in hit_rates(*made_panel(4), horizon=5)] == [0] * 5


def test_a_symbol_without_a_score_has_no_record():
    scores, closes = made_panel(40)
    scores[-1, 2] = np.nan

    assert (hit_rates(scores, closes, horizon=5)[2].rate, hit_rates(scores, closes, horizon=5)[2].cases) == (None, 0)


def test_half_of_the_cases_is_a_half():
    scores = np.zeros((61, 1))
    closes = np.tile([100.0, 110.0], 31)[:61, None]

    (record,) = hit_rates(scores, closes, horizon=1)

    assert (record.rate, record.cases) == (0.5, 60)


@settings(deadline=None)
@given(st.integers(0, 10_000))
def test_the_rate_agrees_with_counting_case_by_case(seed):
    chance = np.random.default_rng(seed)
    scores = chance.normal(size=(60, 7))
    closes = 100.0 * np.exp(np.cumsum(chance.normal(0.0, 0.01, (60, 7)), axis=0))
    buckets = score_buckets(scores)

    records = hit_rates(scores, closes, horizon=3)

    for column, record in enumerate(records):
        cases = [(t, s) for t in range(57) for s in range(7) if buckets[t, s] == buckets[-1, column]]
        hits = sum(closes[t + 3, s] * 0.999 > closes[t, s] for t, s in cases)
        assert record.cases == len(cases)
        assert record.rate == pytest.approx(hits / len(cases), abs=1e-6)


def test_buckets_are_fifths_by_rank_whatever_the_distances():
    scores = np.array([[0.1, 100.0, -3.0, 0.2, 5.0, np.nan]])

    assert score_buckets(scores).tolist() == [[1, 4, 0, 2, 3, -1]]


def test_of_equal_scores_the_earlier_column_is_the_stronger():
    assert score_buckets(np.zeros((1, 5))).tolist() == [[4, 3, 2, 1, 0]]
