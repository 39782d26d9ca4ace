import pytest

from domain.book import ControlState
from domain.proposal import Origin
from domain.verdict import Decision, Outcome
from tests.risk_engine.builders import a_book, a_trade, an_exit, checked, judged


def test_an_active_desk_trades():
    assert checked("kill_switch", a_trade()).outcome is Outcome.PASS


@pytest.mark.parametrize("trade", [a_trade(), a_trade(side="SELL", quantity=60.0)], ids=["opening", "flip"])
def test_nothing_but_exits_passes_in_reducing(trade):
    verdict = judged(trade, a_book({"AAPL": 50.0}, control=ControlState.REDUCING))

    assert verdict.decision is Decision.REJECT
    assert "kill_switch" in verdict.breached


def test_an_exit_passes_in_reducing():
    verdict = judged(an_exit(quantity=50.0), a_book({"AAPL": 50.0}, control=ControlState.REDUCING))

    assert verdict.decision is Decision.EXECUTE


@pytest.mark.parametrize("origin", [o for o in Origin if o is not Origin.FLATTEN])
def test_not_even_an_exit_passes_when_halted(origin):
    verdict = judged(an_exit(origin=origin), a_book({"AAPL": 50.0}, control=ControlState.HALTED))

    assert verdict.decision is Decision.HALT
    assert verdict.quantity == 0.0


def test_a_flatten_passes_when_halted():
    book = a_book({"AAPL": 50.0}, control=ControlState.HALTED)

    assert judged(an_exit(quantity=50.0, origin=Origin.FLATTEN), book).decision is Decision.EXECUTE
    assert judged(a_trade(origin=Origin.FLATTEN), book).decision is Decision.HALT


def test_a_sale_that_calls_itself_an_exit_but_exceeds_what_is_free_is_none():
    book = a_book({"AAPL": 50.0}, control=ControlState.REDUCING)

    assert judged(an_exit(quantity=51.0), book).decision is Decision.REJECT
