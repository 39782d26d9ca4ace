from domain.proposal import OptionLeg
from domain.verdict import Decision, Outcome
from tests.risk_engine.builders import POLICY, a_book, a_policy, a_trade, an_exit, checked, judged, said

LEGS = (OptionLeg(contract="AAPL240621C100", side="BUY", ratio=1),)
ALLOWED = a_policy(text=POLICY.replace("allowed = false  # hard: any option", "allowed = true  # hard: any option"))


def test_options_are_refused():
    verdict = judged(a_trade(words={"legs": LEGS}))

    assert said("options_risk", verdict).outcome is Outcome.HARD
    assert verdict.decision is Decision.REJECT


def test_where_they_are_allowed_nothing_is_known_of_them():
    assert checked("options_risk", a_trade(words={"legs": LEGS}), policy=ALLOWED).outcome is Outcome.NOT_EVALUATED


def test_shares_are_none():
    assert checked("options_risk", a_trade()).outcome is Outcome.NOT_APPLICABLE
    assert said("options_risk", judged(an_exit(), a_book({"AAPL": 20.0}))).outcome is Outcome.NOT_APPLICABLE
