import pytest

from domain.proposal import Origin
from domain.verdict import Decision, Outcome
from tests.risk_engine.builders import a_book, a_trade, an_exit, checked, judged, said


@pytest.mark.parametrize(
    ("upside", "worst", "outcome"),
    [
        (6.0, 3.0, Outcome.PASS),
        (4.2, 3.0, Outcome.ALERT),  # 1.4 is under 1 / 0.7
        (3.0, 3.0, Outcome.ALERT),
        (2.9, 3.0, Outcome.SOFT),
        (0.0, 3.0, Outcome.SOFT),
        (1.0, 0.0, Outcome.PASS),
        (0.0, 0.0, Outcome.SOFT),
    ],
)
def test_a_trade_should_promise_more_than_it_may_lose(upside, worst, outcome):
    trade = a_trade(words={"expected_upside_pct": upside, "worst_case_loss_pct": worst})

    assert checked("model_risk", trade).outcome is outcome


@pytest.mark.parametrize("origin", [Origin.MODEL, Origin.QUANT, Origin.PERSON])
def test_what_calls_itself_high_risk_is_asked_about_whoever_wrote_it(origin):
    verdict = judged(a_trade(origin=origin, words={"risk_level": "high"}))

    assert verdict.decision is Decision.APPROVAL
    assert verdict.breached == ("model_risk",)


def test_exits_may_call_themselves_anything():
    verdict = judged(an_exit(words={"risk_level": "high"}), a_book({"AAPL": 20.0}))

    assert said("model_risk", verdict).outcome is Outcome.NOT_APPLICABLE


def test_half_of_what_may_be_lost_is_asked_about_and_never_refused():
    words = {"expected_upside_pct": 0.0, "worst_case_loss_pct": 3.0}

    assert checked("model_risk", a_trade(words=words)).outcome is Outcome.SOFT
