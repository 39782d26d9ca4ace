import numpy as np
import pytest

from domain.verdict import Decision, Outcome
from risk_engine.rules.risk_score import RiskScore
from tests.risk_engine.builders import (
    a_book,
    a_market,
    a_policy,
    a_trade,
    an_engine,
    an_exit,
    checked,
    judged,
    said,
    with_bars,
)

FLAT = with_bars(a_market(), "AAPL", closes=(100.0,) * 253)
"""AAPL does not move: its Sharpe ratio, volatility and value at risk are zero, so that the scale is 1.25."""


@pytest.mark.parametrize(
    ("msft", "outcome"),
    # with AAPL at 8 % (u = 1): 100 x 1.25 x (0.30 + 0.15 sector / 25 %) / 0.85, volumes not known
    [(170.0, Outcome.PASS), (200.0, Outcome.ALERT), (500.0, Outcome.ALERT)],
)
def test_the_score_adds_up_what_is_used(msft, outcome):
    market = with_bars(FLAT, "MSFT", closes=(100.0,) * 253)
    sector = min((msft + 80.0) / 250.0, 1.5)

    result = checked("risk_score", a_trade(quantity=80.0), a_book({"MSFT": msft}), market)

    assert result.observed == pytest.approx(125.0 * (0.30 + 0.15 * sector) / 0.85)
    assert (result.outcome, result.soft, result.hard) == (outcome, 90.0, 130.0) or msft == 170.0


def steady(yearly_ratio):
    """A symbol that rises and falls so that its Sharpe ratio is known."""
    noise = np.tile([0.01, -0.01], 126)
    deviation = noise.std(ddof=1)
    steps = noise + yearly_ratio * deviation / np.sqrt(252.0)
    closes = np.concatenate([[1.0], np.cumprod(1.0 + steps)])
    return with_bars(a_market(), "AAPL", closes=tuple((100.0 * closes / closes[-1]).tolist()))


@pytest.mark.parametrize(
    ("ratio", "scale"), [(-3.0, 1.25), (0.0, 1.25), (1.0, 1.0), (1.4, 0.9), (1.8, 0.8), (5.0, 0.8)]
)
def test_symbols_that_paid_for_their_risk_score_less(ratio, scale):
    market, trade = steady(ratio), a_trade(quantity=80.0)
    used = {
        "max_position_weight": (0.30, 1.0),
        "max_sector_weight": (0.15, 80.0 / 250.0),
        "value_at_risk": (0.25, checked("value_at_risk", trade, market=market).observed / 0.025),
        "volatility_limit": (0.15, checked("volatility_limit", trade, market=market).observed / 0.60),
    }

    result = checked("risk_score", trade, market=market)

    assert result.observed == pytest.approx(100.0 * scale * sum(w * u for w, u in used.values()) / 0.85, rel=1e-6)


def test_a_score_over_the_limits_is_asked_about_and_then_refused():
    for limits, outcome in (({"soft": 5.0}, Outcome.SOFT), ({"soft": 5.0, "hard": 6.0}, Outcome.HARD)):
        assert checked("risk_score", a_trade(), policy=a_policy(risk_score=limits)).outcome is outcome


def test_the_verdict_carries_the_score():
    verdict = judged(a_trade())

    assert verdict.risk_score == said("risk_score", verdict).observed


def test_the_points_alone_are_the_score():
    trade, book, market, engine = a_trade(), a_book({"MSFT": 100.0}), a_market(), an_engine()
    situation = engine._situation(book, market, engine._figures(book, market, (trade,)))

    assert a_policy().find(RiskScore).points(trade, situation) == checked("risk_score", trade, book, market).observed


def test_exits_have_none():
    verdict = judged(an_exit(), a_book({"AAPL": 20.0}))

    assert verdict.risk_score is None
    assert verdict.decision is Decision.EXECUTE


def test_a_score_without_a_weight_that_can_be_measured_is_an_error():
    engine = an_engine(a_policy(off=tuple(next(r for r in a_policy().rules if r.name == "risk_score").weights)))

    result = said("risk_score", judged(a_trade(), engine=engine))

    assert result.outcome is Outcome.ERROR
    assert "no factor of the risk score of AAPL" in result.message


def test_the_message_names_what_each_factor_adds_and_the_parts_make_the_whole():
    result = checked("risk_score", a_trade())
    _, _, told = result.message.partition("): ")

    points = [float(part.rpartition(" ")[2]) for part in told.split(", ")]
    assert "max_position_weight" in told
    assert abs(sum(points) - result.observed) <= 0.5 * len(points)
