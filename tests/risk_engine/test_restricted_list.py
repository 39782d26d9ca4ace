from domain.verdict import Decision, Outcome
from tests.risk_engine.builders import a_book, a_mandate, a_trade, an_engine, an_exit, checked, judged, said

MANDATE = a_mandate(restricted={"XOM": "no oil"})


def test_a_restricted_symbol_is_never_bought():
    result = checked("restricted_list", a_trade("XOM"), mandate=MANDATE)

    assert result.outcome is Outcome.HARD
    assert "no oil" in result.message


def test_any_other_symbol_passes():
    assert checked("restricted_list", a_trade("AAPL"), mandate=MANDATE).outcome is Outcome.PASS


def test_getting_out_of_one_is_only_remarked_on():
    verdict = judged(an_exit("XOM"), a_book({"XOM": 20.0}), engine=an_engine(mandate=MANDATE))

    assert said("restricted_list", verdict).outcome is Outcome.ALERT
    assert verdict.decision is Decision.EXECUTE
