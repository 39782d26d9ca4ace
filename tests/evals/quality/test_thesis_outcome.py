import numpy as np
import pytest

from domain.trade import Side
from evals.finding import Level
from evals.history import History
from evals.quality import QUALITY
from tests.evals.builders import day, judged

thesis_outcome = QUALITY["thesis_outcome"]


def theses(share_right, correlation, n=1000):
    """Theses of which a known share is right, and whose expected move tells a known part of the one that comes."""
    rng = np.random.default_rng(1)
    expected = rng.uniform(1.0, 9.0, n)
    signal = (expected - expected.mean()) / expected.std()
    drawn = correlation * signal + np.sqrt(1 - correlation**2) * rng.normal(size=n)
    excess = drawn - np.quantile(drawn, 1 - share_right)
    return History(
        judged=tuple(
            judged(
                f"E{i}",
                0.0,
                session=day(i),
                expected_upside_pct=float(expected[i]),
                outcome={"excess": float(excess[i])},
            )
            for i in range(n)
        )
    )


def test_the_share_that_was_built_in_is_found():
    finding = thesis_outcome(theses(0.6, 0.0))

    assert finding.value == pytest.approx(0.6, abs=0.001)
    assert finding.low < 0.6 < finding.high
    assert (finding.baseline, finding.level, finding.n) == (0.5, Level.FINE, 1000)


def test_the_correlation_that_was_built_in_is_found():
    # For normal variables Spearman's is 6/pi asin(r/2) of Pearson's; the uniform signal is close to that.
    assert thesis_outcome(theses(0.5, 0.4)).parts["information_coefficient"] == pytest.approx(0.39, abs=0.06)
    assert thesis_outcome(theses(0.5, 0.0)).parts["information_coefficient"] == pytest.approx(0.0, abs=0.06)


def test_a_bearish_thesis_is_right_where_the_symbol_falls_behind():
    history = History(judged=tuple(judged(f"E{i}", 0.02, side=Side.SELL, outcome={"excess": 0.01}) for i in range(10)))

    assert thesis_outcome(history).value == 1.0


def test_few_theses_say_nothing():
    finding = thesis_outcome(History(judged=(judged("E", 0.1),)))

    assert (finding.value, finding.level) == (None, Level.UNKNOWN)
    assert "10 are needed" in finding.sentence
