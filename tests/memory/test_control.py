"""The control state, money from outside, the reference high, and differences to the broker."""

from datetime import timedelta
from decimal import Decimal

import pytest

from domain.book import ControlState
from domain.errors import AlreadyDecided, BadInput
from domain.orders import BrokerPosition, IntentState, OrderStatus
from domain.records import Cause, FlowKind
from domain.trade import ExitKind, Side
from tests.memory.fakes import D1, D2, NOW, PRICES, a_fill, a_new, an_order

ACTIVE, REDUCING, HALTED = ControlState.ACTIVE, ControlState.REDUCING, ControlState.HALTED


def moved(desk, amount, kind=FlowKind.DEPOSIT, key="k", prices=PRICES):
    return desk.ledger.flow("demo", Decimal(amount), kind, D1, NOW, key, prices=prices)


def compared(desk, cash=None, **held):
    positions = [BrokerPosition(symbol=symbol, quantity=Decimal(units)) for symbol, units in held.items()]
    told = Decimal(cash) if cash else Decimal(repr(desk.book().cash))
    return desk.ledger.compare_with_broker("demo", told, positions, desk.clock.now())


def test_a_change_grows_the_epoch_and_is_audited_with_its_reason(desk):
    after = desk.ledger.set_control("demo", HALTED, "smoke", "ann", NOW)

    assert (after.state, after.epoch, after.reason, after.by, after.session) == (HALTED, 1, "smoke", "ann", D1)
    assert desk.ledger.control("demo") == after
    row = [row for row in desk.ledger.audit_rows("demo") if row.action == "control_changed"][-1]
    assert (row.actor, row.subject, row.detail["was"], row.detail["reason"]) == ("ann", "HALTED", "ACTIVE", "smoke")


@pytest.mark.parametrize("state", [ACTIVE, REDUCING, HALTED])
def test_the_same_state_again_changes_nothing(desk, state):
    first = desk.ledger.set_control("demo", state, "a", "ann", NOW)
    rows = len(desk.actions())

    assert desk.ledger.set_control("demo", state, "b", "bob", NOW) == first
    assert len(desk.actions()) == rows


def test_a_stronger_cause_takes_over_reducing_and_a_weaker_one_does_not(desk):
    desk.ledger.set_control("demo", REDUCING, "loss", "breakers", NOW, cause=Cause.DAILY_LOSS)
    paused = desk.ledger.set_control("demo", REDUCING, "lunch", "ann", NOW)
    weaker = desk.ledger.set_control("demo", REDUCING, "loss", "breakers", NOW, cause=Cause.DAILY_LOSS, once="x")

    assert (paused.cause, paused.epoch) == (Cause.PERSON, 2)
    assert weaker == paused


def test_an_epoch_that_has_passed_is_refused_and_says_who_came_first(desk):
    desk.ledger.set_control("demo", HALTED, "smoke", "ann", NOW)

    with pytest.raises(AlreadyDecided, match="HALTED by ann meanwhile: smoke"):
        desk.ledger.set_control("demo", ACTIVE, "fine", "bob", NOW, 0)

    assert desk.ledger.control("demo").state is HALTED


def test_a_breaker_acts_once_under_one_name_and_never_loosens(desk):
    def act(state):
        return desk.ledger.set_control("demo", state, "deep", "breakers", NOW, cause=Cause.DRAWDOWN, once=f"d:{state}")

    first = act(HALTED)
    looser = act(REDUCING)
    desk.ledger.set_control("demo", ACTIVE, "fine", "ann", NOW)
    again = act(HALTED)

    assert (first.state, looser.state, again.state) == (HALTED, HALTED, ACTIVE)


def test_a_resume_may_set_the_reference_high_in_the_same_transaction(desk):
    desk.ledger.record_equity("demo", D1, 120_000.0, NOW)
    desk.ledger.set_control("demo", HALTED, "smoke", "ann", NOW)

    desk.ledger.set_control("demo", ACTIVE, "fine", "ann", NOW, 1, reference_high=0.9)

    book = desk.book()
    assert (book.control, book.reference_high, book.all_time_high) == (ACTIVE, 0.9, 1.2)
    assert [flow.kind for flow in desk.ledger.flows("demo")] == [FlowKind.DEPOSIT, FlowKind.RESET]
    row = next(row for row in desk.ledger.audit_rows("demo") if row.action == "reference_high_set")
    assert (row.detail["was"], row.detail["all_time_high"]) == (1.2, 1.2)


@pytest.mark.parametrize("level", [0.0, -1.0, float("nan"), float("inf")])
def test_a_reference_high_is_a_positive_number(desk, level):
    with pytest.raises(BadInput, match="can't be a reference high"):
        desk.ledger.set_reference_high("demo", level, "ann", "x")

    assert desk.book().reference_high == 1.0


def test_a_question_to_resume_stays_until_it_lapses_or_the_state_changes(desk):
    desk.ledger.set_control("demo", HALTED, "smoke", "ann", NOW)
    minute = timedelta(minutes=1)

    first = desk.ledger.ask_resume("demo", "ann", NOW, NOW - 15 * minute)
    again = desk.ledger.ask_resume("demo", "bob", NOW + minute, NOW - 14 * minute)
    lapsed = desk.ledger.ask_resume("demo", "bob", NOW + 16 * minute, NOW + minute)
    changed = desk.ledger.set_control("demo", ACTIVE, "fine", "bob", NOW)

    assert (first.resume_asked_at, again.resume_asked_by, lapsed.resume_asked_by) == (NOW, "ann", "bob")
    assert changed.resume_asked_at is None
    assert desk.ledger.ask_resume("demo", "ann", NOW, NOW).resume_asked_at is None


@pytest.mark.parametrize(("kind", "sign"), [(FlowKind.DEPOSIT, 1), (FlowKind.WITHDRAWAL, -1)])
def test_money_from_outside_changes_cash_and_units_and_no_unit_value(desk, kind, sign):
    desk.filled("A", "100", "90")
    before = desk.book()

    flow = moved(desk, "12345.67", kind)

    after = desk.book()
    assert after.cash == pytest.approx(before.cash + sign * 12345.67)
    # 100 shares bought at 90 are worth 100 each: 101,000 dollars on 100,000 units
    assert before.unit_value == pytest.approx(1.01)
    assert float(flow.units) == pytest.approx(sign * 12345.67 / 1.01)
    assert after.unit_value == pytest.approx(before.unit_value, abs=1e-9)
    assert (after.reference_high, after.all_time_high) == (before.reference_high, before.all_time_high)


def test_the_same_key_moves_money_once_and_another_amount_under_it_is_refused(desk):
    first = moved(desk, "500")

    assert moved(desk, "500") == first
    with pytest.raises(BadInput, match="key 'k' was used for a deposit of 500"):
        moved(desk, "501")
    assert desk.book().cash == 100_500.0


def test_more_than_the_free_cash_is_refused_and_open_purchases_are_not_free(desk):
    desk.committed("A", quantity="200")  # 200 x 100 = 20,000 on their way
    desk.judged("M", "MSFT")  # 10 x 50 = 500 reserved

    with pytest.raises(BadInput, match=r"79,500.01 is more than the free cash of 79,500.00"):
        moved(desk, "79500.01", FlowKind.WITHDRAWAL)
    moved(desk, "79500", FlowKind.WITHDRAWAL)

    assert desk.book().cash == 20_500.0


@pytest.mark.parametrize("amount", ["0", "-1", "NaN", "Infinity", "0.0000001", "1e13"])
def test_what_is_no_amount_of_money_is_refused(desk, amount):
    with pytest.raises(BadInput, match="not an amount of money"):
        moved(desk, amount)

    assert desk.book().cash == 100_000.0


def test_a_portfolio_cannot_be_emptied(desk):
    with pytest.raises(BadInput, match="everything there is"):
        moved(desk, "100000", FlowKind.WITHDRAWAL)


def test_a_return_needs_the_point_of_the_very_session_before(desk):
    desk.ledger.record_equity("demo", D1, 100_000.0, NOW)
    desk.ledger.record_equity("demo", D2, 97_000.0, NOW, previous=D1 + timedelta(days=3))

    assert desk.book(D2).last_session_return is None


def test_a_return_leaves_flows_out(desk):
    desk.ledger.record_equity("demo", D1, 100_000.0, NOW)
    moved(desk, "100000")
    desk.ledger.record_equity("demo", D2, 194_000.0, NOW, previous=D1)

    assert desk.book(D2).last_session_return == pytest.approx(-0.03)


def test_a_symbol_sold_at_its_stop_is_known_for_the_session(desk):
    for name, symbol, kind in (("S", "AAPL", ExitKind.STOP), ("T", "MSFT", ExitKind.TARGET)):
        made = a_new(name, symbol, "SELL", reduces=True).model_copy(update={"exit_kind": kind})
        desk.ledger.add_batch("demo", f"b-{name}", None, D1, [made], NOW)
        desk.judge(name)

    assert desk.ledger.proposal("S").exit_kind is ExitKind.STOP
    assert desk.book().stopped_out == ("AAPL",)
    assert desk.book(D2).stopped_out == ()


def test_day_trades_are_turns_within_a_session_of_the_last_five(desk):
    def fill(name, action, session, number):
        intent = desk.committed(name, action=action)
        told = a_fill(intent, f"x{number}", "10", "100", side=Side(action), session=session, at=NOW + timedelta(number))
        desk.ledger.book_order(an_order(intent, OrderStatus.FILLED, "10"), [told], NOW)

    for number, (action, session) in enumerate(
        [("BUY", D1), ("SELL", D1), ("BUY", D1), ("BUY", D2), ("SELL", D2 + timedelta(days=1))]
    ):
        fill(f"F{number}", action, session, number)

    assert desk.book(D2).day_trades == 1
    assert desk.book(D1 + timedelta(days=7)).day_trades == 0


def test_a_difference_seen_twice_in_replay_survives_and_blocks_and_ends_when_it_is_gone(desk):
    desk.filled("A", "10", "100")

    once = compared(desk, AAPL="9")
    blocks_at_once = desk.book().mismatches
    twice = compared(desk, AAPL="9")
    blocks = desk.book().mismatches
    gone = compared(desk, AAPL="10")

    assert [(m.symbol, m.book, m.broker, m.survived) for m in once] == [("AAPL", 10, 9, False)]
    assert twice[0].survived
    assert (blocks_at_once, blocks, gone, desk.book().mismatches) == (0, 1, (), 0)
    assert desk.ledger.mismatches("demo") == ()
    assert [a for a in desk.actions() if a.startswith("mismatch")] == ["mismatch_survived", "mismatch_gone"]


def test_live_it_takes_fifteen_seconds_however_often_we_look(desk):
    desk.clock.replay = False
    compared(desk, XOM="1")
    desk.clock.move(seconds=14.9)
    early = compared(desk, XOM="1")
    desk.clock.move(seconds=0.1)

    assert not early[0].survived
    assert compared(desk, XOM="1")[0].survived


def test_a_difference_of_another_size_begins_anew(desk):
    compared(desk, XOM="1")
    compared(desk, XOM="2")

    assert desk.book().mismatches == 0


def test_what_survived_and_changes_goes_on_blocking_and_is_told_anew(desk):
    for units in ("1", "1", "2"):
        compared(desk, XOM=units)
    at_once = desk.book().mismatches
    compared(desk, XOM="2")

    assert (at_once, desk.book().mismatches) == (1, 1)
    assert desk.actions().count("mismatch_survived") == 2


def test_an_undecided_order_makes_nobody_forget_what_differs(desk):
    compared(desk, cash="99000", XOM="1")
    compared(desk, cash="99000", XOM="1")
    order = desk.committed("A", symbol="XOM")
    desk.ledger.claim_intent(order.client_order_id, NOW)

    meanwhile = compared(desk, cash="90000", XOM="7")

    assert meanwhile == ()
    assert [(m.symbol, m.survived) for m in desk.ledger.mismatches("demo")] == [("CASH", True), ("XOM", True)]
    assert desk.book().mismatches == 2


def test_cash_counts_to_the_cent(desk):
    assert compared(desk, cash="100000.01") == ()
    assert [m.symbol for m in compared(desk, cash="100000.02")] == ["CASH"]


def test_what_an_order_of_unknown_outcome_may_have_moved_is_left_out(desk):
    intent = desk.committed("A")
    desk.ledger.claim_intent(intent.client_order_id, NOW)
    desk.ledger.mark_intent(intent.client_order_id, IntentState.UNKNOWN, "timeout", NOW)

    assert compared(desk, cash="99000", AAPL="10") == ()


def test_a_verdict_remembers_the_epoch_it_was_given_in(desk):
    desk.judged("A")
    desk.ledger.set_control("demo", HALTED, "smoke", "ann", NOW)
    desk.ledger.set_control("demo", ACTIVE, "fine", "ann", NOW)
    desk.judged("M", "MSFT")

    assert [desk.ledger.proposal(name).control_epoch for name in "AM"] == [0, 2]
