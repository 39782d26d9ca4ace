import numpy as np
import pytest

from domain.errors import NoData
from quant.returns import simple_returns
from risk_engine.figures import Figures, nth
from tests.risk_engine.builders import a_market, with_bars


def figures(market):
    return Figures(market, tuple(sorted(market.history)))


def drifting(days=253):
    """Two symbols that both rise steeply and otherwise have nothing to do with each other."""
    market = a_market(days=days)
    chance = np.random.default_rng(7)
    for symbol in ("AAPL", "XOM"):
        closes = np.cumprod(1.03 + chance.normal(0.0, 0.01, days))
        market = with_bars(market, symbol, closes=tuple((100.0 * closes / closes[-1]).tolist()))
    return market


def test_correlation_is_pearson_s_whatever_the_drift():
    market = drifting()
    closes = np.array([market.history[symbol].closes for symbol in ("AAPL", "XOM")]).T
    pearson = np.corrcoef(simple_returns(closes)[-120:].T)[0, 1]

    known = figures(market)

    assert "XOM" in known.similar("AAPL", 120, pearson - 1e-6)
    assert "XOM" not in known.similar("AAPL", 120, pearson + 1e-6)


def test_what_moves_as_one_correlates_by_one():
    market = a_market()

    known = figures(with_bars(market, "XOM", closes=market.history["AAPL"].closes))

    assert known.similar("AAPL", 120, 1.0) == ("XOM",)


def test_what_does_not_move_correlates_with_nothing_and_has_no_sharpe_ratio():
    known = figures(with_bars(a_market(), "AAPL", closes=(100.0,) * 253))

    assert known.similar("AAPL", 120, 0.1) == ()
    assert known.sharpe("AAPL", 252) == 0.0


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("days", "known"), [(2, False), (3, True)])
def test_a_sharpe_ratio_takes_two_returns(days, known):
    market = drifting(days)
    returns = simple_returns(np.array(market.history["AAPL"].closes))
    ratio = returns.mean() / returns.std(ddof=1) * np.sqrt(252.0) if known else 0.0

    assert figures(market).sharpe("AAPL", 252) == pytest.approx(ratio)


def test_weights_sum_to_one_and_halve_where_they_should():
    weights = figures(a_market()).ewma_weights(20)

    assert weights.sum() == pytest.approx(1.0)
    assert weights[-2] / weights[-1] == pytest.approx(1.0 - 2.0 / 21.0)


def test_a_symbol_without_a_price_is_named():
    with pytest.raises(NoData, match="GONE has no price in the feed 'recorded'"):
        figures(a_market()).price("GONE")


def test_the_place_is_counted_from_the_smallest():
    assert [nth(np.array([3.0, 1.0, 2.0]), place) for place in range(3)] == [1.0, 2.0, 3.0]


def test_the_average_volume_is_that_of_the_last_sessions_only():
    volumes = (1.0,) * 233 + tuple(float(n) for n in range(1, 21))
    known = figures(with_bars(a_market(continuous=True), "AAPL", volumes=volumes))

    assert known.average_volume("AAPL", 20) == 10.5
    assert known.average_volume("AAPL", 21) == pytest.approx(211 / 21)
