"""Kill, pause, resume, flatten and money from outside: nothing opens that may not, and exits stay possible."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from domain.book import ControlState
from domain.errors import BadInput, Transient
from domain.orders import IntentState
from domain.proposal import Origin
from domain.records import Cause, FlowKind, ProposalStatus
from domain.trade import ExitKind
from graph import control
from graph.batches import Draft, add_proposals
from graph.breakers import look
from graph.exits import closing, due_exits
from graph.views import book_of, market_now
from tests.graph.conftest import open_desk, proposal

ACTIVE, REDUCING, HALTED = ControlState.ACTIVE, ControlState.REDUCING, ControlState.HALTED
NEXT = date(2017, 5, 30)
PHRASE = "resume demo"
LONG_AGO = datetime(1990, 1, 1, tzinfo=UTC)


class WallClock:
    """Market time of the desk, and a wall that moves when told."""

    replay = True

    def __init__(self, clock):
        self.now, self.session = clock.now, clock.session
        self.at = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)

    def wall(self):
        return self.at


class MeddledGate:
    """The desk's gate, and something that happens right after each verdict."""

    def __init__(self, gate, then):
        self._gate, self._then = gate, then

    def assess(self, proposal_id):
        verdict = self._gate.assess(proposal_id)
        self._then()
        return verdict


def kill(desk):
    return control.kill(desk.ctx, "ann", "smoke")


def kill_and_resume(desk):
    kill(desk)
    desk.ledger.set_control("demo", ACTIVE, "fine", "ann", desk.clock.now())


def after_each_verdict(desk, then):
    desk.runner.ctx = replace(desk.ctx, gate=MeddledGate(desk.ctx.gate, lambda: then(desk)))


def price_of(desk, symbol):
    return market_now(desk.ctx).price(symbol)


def resting_entry(desk, symbol="AAPL"):
    limit = round(price_of(desk, symbol) * 0.998, 4)
    (record,) = desk.propose(desk.buy(symbol, order_type="limit", limit_price=limit))
    (intent,) = desk.ledger.intents("demo", proposal_id=record.id)
    assert intent.state is IntentState.OPEN
    return intent


def resting_exit(desk, symbol):
    limit = round(price_of(desk, symbol) * 1.5, 2)
    sale = proposal(symbol, action="SELL", position_size_pct=1.0, order_type="limit", limit_price=limit)
    market = market_now(desk.ctx)
    (record,) = add_proposals(desk.ctx, "exit", None, market, [Draft(Origin.FLATTEN, sale)])
    desk.runner.advance(record.id)
    if desk.record(record.id).status is ProposalStatus.AWAITING:
        desk.answer(record)
    (intent,) = desk.ledger.intents("demo", proposal_id=record.id)
    assert intent.state is IntentState.OPEN
    return intent


def stop_exit(desk, symbol="AAPL", kind=ExitKind.STOP):
    book, market = desk.book(), market_now(desk.ctx)
    sale = closing(book.positions[symbol], market.price(symbol), book.equity, "the stop was reached")
    (record,) = add_proposals(desk.ctx, f"stop-{kind}", None, market, [Draft(Origin.MONITOR, sale, kind)])
    desk.runner.settle()
    return desk.record(record.id)


def test_after_a_kill_nothing_is_sent_and_the_verdict_says_halt(desk):
    kill(desk)

    (record,) = desk.propose(desk.buy("AAPL"))

    assert (record.status, record.verdict.decision.value) == (ProposalStatus.REJECTED, "halt")
    assert desk.ledger.intents("demo") == ()
    assert desk.broker.fills(LONG_AGO) == ()


def test_in_reducing_openings_never_pass_and_exits_do(desk):
    desk.propose(desk.buy("AAPL"))
    desk.move_to(NEXT)
    control.pause(desk.ctx, "ann", "lunch")

    opening, adding, sale = desk.propose(
        desk.buy("MSFT"), desk.buy("AAPL", 0.01), proposal("AAPL", action="SELL", position_size_pct=0.5)
    )

    assert [r.verdict.decision.value for r in (opening, adding, sale)] == ["reject", "reject", "execute"]
    assert desk.book().positions == {}


def test_a_yes_given_after_a_kill_trades_nothing(desk):
    (record,) = desk.propose(desk.buy("AMD"))
    kill(desk)

    after = desk.answer(record)

    assert after.status is ProposalStatus.REJECTED
    assert desk.ledger.intents("demo") == ()


@pytest.mark.parametrize("meddle", [kill, kill_and_resume], ids=["kill", "kill and resume"])
def test_a_kill_between_verdict_and_send_stops_the_order_even_when_resumed(desk, meddle):
    after_each_verdict(desk, meddle)

    (record,) = desk.propose(desk.buy("AAPL"))

    assert record.verdict.decision.value == "execute"
    assert desk.broker.fills(LONG_AGO) == ()
    (intent,) = desk.ledger.intents("demo")
    assert intent.state is IntentState.REJECTED
    assert "HALTED" in intent.problem or "halted or reduced after this was decided" in intent.problem


def test_an_exit_decided_before_a_pause_still_goes(desk):
    desk.propose(desk.buy("AAPL"))
    desk.move_to(NEXT)
    after_each_verdict(desk, lambda d: control.pause(d.ctx, "ann", "lunch"))

    (record,) = desk.propose(proposal("AAPL", action="SELL", position_size_pct=0.5))

    assert record.status is ProposalStatus.DONE
    assert desk.book().positions == {}


@pytest.mark.parametrize("stop", [control.kill, control.pause])
def test_entries_in_flight_are_cancelled_and_exits_stay(desk, stop):
    desk.propose(desk.buy("MSFT"))
    desk.move_to(NEXT)
    leaving = resting_exit(desk, "MSFT")
    entry = resting_entry(desk)

    stopped = stop(desk.ctx, "ann", "smoke")

    assert stopped.cancelled == (entry.client_order_id,)
    assert [order.client_order_id for order in desk.broker.open_orders()] == [leaving.client_order_id]
    assert desk.ledger.intent(entry.client_order_id).state is IntentState.DONE
    assert desk.book().working[0].client_order_id == leaving.client_order_id


def test_a_breaker_cancels_entries_at_the_next_reconcile(desk):
    resting_entry(desk)
    desk.ledger.set_reference_high("demo", 1.2, "test", "a fall")
    look(desk.ctx)

    desk.runner.settle()

    assert desk.broker.open_orders() == ()


def test_a_kill_is_done_even_when_the_broker_is_not_there_and_is_made_good_later(desk):
    entry = resting_entry(desk)

    class Absent:
        def cancel(self, client_order_id):
            raise_transient()

        find = cancel

    def raise_transient():
        raise Transient("the broker did not answer", "ask again")

    control.kill(replace(desk.ctx, broker=Absent()), "ann", "smoke")
    assert desk.ledger.control("demo").state is HALTED
    assert desk.ledger.intent(entry.client_order_id).state is IntentState.OPEN

    desk.runner.settle()

    assert desk.broker.open_orders() == ()


def test_killing_twice_is_killing_once(desk):
    first = kill(desk).control

    assert kill(desk).control == first


def test_a_pause_never_loosens_a_halt(desk):
    kill(desk)

    with pytest.raises(BadInput, match="stricter than a pause"):
        control.pause(desk.ctx, "ann", "lunch")

    assert desk.ledger.control("demo").state is HALTED


def test_halted_the_monitor_may_send_an_approved_stop_and_nothing_else(desk):
    desk.propose(desk.buy("AAPL"), desk.buy("MSFT"))
    desk.move_to(NEXT)
    kill(desk)

    target = stop_exit(desk, "MSFT", ExitKind.TARGET)
    stop = stop_exit(desk, "AAPL", ExitKind.STOP)

    assert (target.status, target.verdict.decision.value) == (ProposalStatus.REJECTED, "halt")
    assert (stop.status, stop.verdict.decision.value) == (ProposalStatus.DONE, "execute")
    assert set(desk.book().positions) == {"MSFT"}
    assert desk.book().stopped_out == ("AAPL",)


def test_a_broker_at_which_a_stop_rests_keeps_it_when_halted(desk):
    desk.propose(desk.buy("AAPL"))
    desk.move_to(NEXT)
    kill(desk)
    desk.broker.has_legs, desk.broker.cancel_legs = lambda _symbol: True, lambda _symbol: False

    assert stop_exit(desk).status is ProposalStatus.REJECTED
    assert desk.book().positions["AAPL"]


def test_the_monitor_says_which_part_of_the_plan_ended_a_position(desk):
    desk.propose(desk.buy("AAPL"))
    desk.move_to(NEXT)
    book, market = book_of(desk.ctx, market_now(desk.ctx)), market_now(desk.ctx)
    held = book.positions["AAPL"]

    def kind(**plan):
        position = held.model_copy(update={"plan": held.plan.model_copy(update=plan)})
        found = due_exits(book.model_copy(update={"positions": {"AAPL": position}}), market)
        return [due.kind for due in found]

    price = market.price("AAPL")
    assert kind(stop_price=price + 1) == [ExitKind.STOP]
    assert kind(take_profit_price=price - 1) == [ExitKind.TARGET]
    assert kind(horizon=NEXT) == [ExitKind.HORIZON]
    assert kind() == []


@pytest.mark.parametrize("halted", [False, True])
def test_flatten_sells_everything_through_the_gate_also_when_halted(desk, halted):
    desk.propose(desk.buy("AAPL"), desk.buy("MSFT"))
    desk.move_to(NEXT)
    if halted:
        kill(desk)

    records = control.flatten(desk.runner, "ann", "flatten demo")

    assert {(r.origin, r.status) for r in records} == {(Origin.FLATTEN, ProposalStatus.DONE)}
    assert desk.book().positions == {}
    assert control.flatten(desk.runner, "ann", "flatten demo") == ()


def test_flatten_wants_its_phrase(desk):
    desk.propose(desk.buy("AAPL"))

    with pytest.raises(BadInput, match="sells everything") as refusal:
        control.flatten(desk.runner, "ann", "yes")

    assert refusal.value.remedy == 'add --confirm "flatten demo"'
    assert desk.book().positions


def test_there_is_nothing_to_resume_when_active(desk):
    with pytest.raises(BadInput, match="ACTIVE already"):
        control.resume(desk.ctx, "local", PHRASE)


def test_a_pause_ends_with_one_phrase_and_leaves_the_reference_high(desk):
    control.pause(desk.ctx, "local", "lunch")
    with pytest.raises(BadInput, match="needs a confirmation"):
        control.resume(desk.ctx, "local", "")

    resumed = control.resume(desk.ctx, "local", PHRASE)

    assert (resumed.done, resumed.control.state, resumed.single_operator) == (True, ACTIVE, True)
    assert [flow.kind for flow in desk.ledger.flows("demo")] == [FlowKind.DEPOSIT]


def test_leaving_halted_takes_a_single_operator_two_confirmations_sixty_seconds_apart(desk):
    desk.ledger.set_reference_high("demo", 1.3, "test", "a fall")
    look(desk.ctx)
    ctx = replace(desk.ctx, clock=WallClock(desk.clock))

    asked = control.resume(ctx, "local", PHRASE)
    ctx.clock.at += timedelta(seconds=59.9)
    early = control.resume(ctx, "local", PHRASE)
    ctx.clock.at += timedelta(seconds=0.1)
    with pytest.raises(BadInput, match="needs a confirmation"):
        control.resume(ctx, "local", "resume dmeo")
    assert desk.ledger.control("demo").state is HALTED
    done = control.resume(ctx, "local", PHRASE)

    assert (asked.done, early.done, done.done) == (False, False, True)
    assert (asked.phrase, asked.not_before) == (PHRASE, datetime(2026, 1, 2, 12, 1, tzinfo=UTC))
    assert "single operator" in done.control.reason
    book = desk.book()
    assert (book.control, book.reference_high, book.all_time_high) == (ACTIVE, book.unit_value, 1.0)
    assert look(desk.ctx).state is ACTIVE


def test_a_question_lapses_after_a_quarter_of_an_hour(desk):
    kill(desk)
    ctx = replace(desk.ctx, clock=WallClock(desk.clock))
    control.resume(ctx, "local", PHRASE)
    ctx.clock.at += timedelta(minutes=15, seconds=1)

    assert not control.resume(ctx, "local", PHRASE).done
    assert desk.ledger.control("demo").state is HALTED


def test_a_kill_after_the_first_confirmation_does_not_count_as_asked(desk):
    kill(desk)
    ctx = replace(desk.ctx, clock=WallClock(desk.clock))
    control.resume(ctx, "local", PHRASE)
    kill_and_resume(desk)
    kill(desk)
    ctx.clock.at += timedelta(seconds=61)

    assert not control.resume(ctx, "local", PHRASE).done


def test_with_two_approvers_another_one_confirms_at_once(desk):
    kill(desk)
    mandate = desk.mandate.model_copy(update={"approvers": ("ann", "bob")})
    ctx = replace(desk.ctx, mandate=mandate)
    with pytest.raises(BadInput, match="local is no approver"):
        control.resume(ctx, "local", PHRASE)
    control.resume(ctx, "ann", PHRASE)
    with pytest.raises(BadInput, match="takes two people"):
        control.resume(ctx, "ann", PHRASE)

    done = control.resume(ctx, "bob", PHRASE)

    assert (done.done, done.single_operator) == (True, False)
    assert "asked by ann" in done.control.reason


def test_a_drawdown_holds_for_twenty_sessions(desk):
    desk.ledger.set_reference_high("demo", 1.19, "test", "a fall")
    assert look(desk.ctx).cause is Cause.DRAWDOWN
    desk.move_to(date(2017, 6, 23))
    with pytest.raises(BadInput, match="for 20 sessions, 19 have passed since 2017-05-26"):
        control.resume(desk.ctx, "local", PHRASE)

    desk.move_to(date(2017, 6, 26))
    control.resume(desk.ctx, "local", PHRASE)

    book = desk.book()
    assert (book.control, book.reference_high) == (ACTIVE, book.unit_value)


@pytest.mark.parametrize(("move", "amount"), [(control.deposit, "900000"), (control.withdraw, "60000")])
def test_money_from_outside_triggers_no_breaker_and_no_mismatch(desk, move, amount):
    desk.propose(desk.buy("AAPL"))
    before = desk.book()

    move(desk.ctx, Decimal(amount), "local")
    desk.move_to(NEXT)
    desk.runner.enter()
    desk.runner.settle()

    after = desk.ledger.book("demo", NEXT, dict.fromkeys(desk.mandate.universe, 1.0))
    assert after.control is ACTIVE
    assert after.mismatches == 0
    assert abs(after.last_session_return) < 0.01
    assert float(desk.broker.account().cash) == pytest.approx(after.cash, abs=0.01)
    assert before.reference_high == pytest.approx(after.reference_high, abs=0.01)


def test_more_than_the_free_cash_cannot_be_withdrawn_and_nothing_moves(desk):
    desk.propose(desk.buy("AMD"))  # waits, and its room is not free
    free = desk.book().free_cash
    assert free < 100_000

    with pytest.raises(BadInput, match="free cash"):
        control.withdraw(desk.ctx, Decimal(str(round(free, 2) + 1)), "local")

    assert desk.broker.account().cash == 100_000
    assert desk.book().cash == 100_000


def test_a_broker_that_moves_no_money_says_so(desk):
    class Vendor:
        name = "vendor"

    with pytest.raises(BadInput, match="'vendor' moves no money from here"):
        control.deposit(replace(desk.ctx, broker=Vendor()), Decimal(1), "local")


class Struck(Exception):
    """Stands for SIGKILL: nothing after it runs."""


@pytest.mark.parametrize("move", [control.deposit, control.withdraw])
def test_a_death_between_broker_and_ledger_is_finished_by_the_same_command(tmp_path, move, monkeypatch):
    with open_desk(tmp_path / "home") as desk:

        def strike(*args, **kwargs):
            raise Struck

        with monkeypatch.context() as patch:
            patch.setattr(desk.ledger, "flow", strike)
            with pytest.raises(Struck):
                move(desk.ctx, Decimal(5000), "local")
    with open_desk(tmp_path / "home") as desk:
        move(desk.ctx, Decimal(5000), "local")

        assert float(desk.broker.account().cash) == desk.book().cash
        assert abs(desk.book().cash - 100_000) == 5000
        move(desk.ctx, Decimal(5000), "local")
        assert abs(desk.book().cash - 100_000) == 10_000


def test_an_explained_difference_opens_the_desk_again(desk):
    desk.broker.deposit(Decimal(77), "by hand")
    desk.runner.enter()
    desk.runner.settle()

    (refused,) = desk.propose(desk.buy("AAPL"))
    desk.broker.withdraw(Decimal(77), "by hand, back")
    desk.runner.settle()
    (accepted,) = desk.propose(desk.buy("MSFT"))

    assert "reconciled_book" in refused.verdict.breached
    assert accepted.status is ProposalStatus.DONE
