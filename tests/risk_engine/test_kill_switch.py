import pytest

from domain.book import ControlState, Position
from domain.proposal import Origin
from domain.trade import ExitKind
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


@pytest.mark.parametrize(
    ("origin", "kind", "planned", "passes"),
    [
        (Origin.MONITOR, ExitKind.STOP, True, True),
        (Origin.MONITOR, ExitKind.STOP, False, False),
        (Origin.MONITOR, ExitKind.TARGET, True, False),
        (Origin.MONITOR, ExitKind.HORIZON, True, False),
        (Origin.MONITOR, None, True, False),
        (Origin.MODEL, ExitKind.STOP, True, False),
    ],
)
def test_halted_a_stop_approved_with_the_entry_passes_and_no_other_exit(origin, kind, planned, passes):
    plan = a_trade().plan if planned else None
    held = Position(symbol="AAPL", quantity=50.0, average_price=100.0, plan=plan)
    book = a_book({"AAPL": 50.0}, control=ControlState.HALTED).model_copy(update={"positions": {"AAPL": held}})

    verdict = judged(an_exit(quantity=50.0, origin=origin, exit_kind=kind), book)

    assert verdict.decision is (Decision.EXECUTE if passes else Decision.HALT)


def test_halted_no_stop_opens_anything():
    book = a_book({"AAPL": 50.0}, control=ControlState.HALTED)

    assert judged(a_trade(origin=Origin.MONITOR, exit_kind=ExitKind.STOP), book).decision is Decision.HALT


def test_a_sale_that_calls_itself_an_exit_but_exceeds_what_is_free_is_none():
    book = a_book({"AAPL": 50.0}, control=ControlState.REDUCING)

    assert judged(an_exit(quantity=51.0), book).decision is Decision.REJECT
