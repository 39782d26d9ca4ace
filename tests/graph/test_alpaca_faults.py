"""The table of faults: whatever Alpaca does, book and broker end equal, with at most one order a proposal."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from domain.book import ControlState
from domain.errors import OperatorNeeded
from domain.orders import IntentState
from domain.records import ProposalStatus
from graph import execution
from graph.adjust import accept
from tests.graph.alpaca_desk import alpaca_desk
from tests.standins.alpaca import START

OPEN_UNTIL = datetime(2022, 11, 22, 21, 0, tzinfo=UTC)


@pytest.fixture
def desk(monkeypatch, tmp_path):
    with alpaca_desk(monkeypatch, tmp_path / "home") as made:
        yield made


def alerts(desk):
    return [item.payload["kind"] for item in desk.ledger.claim_outbox(["alert"], desk.clock.wall())]


def test_on_a_good_day_one_order_is_filled_with_its_stop_at_alpaca(desk):
    record = desk.buy_aapl()

    assert desk.state(record) is IntentState.DONE
    assert [order.status for order in desk.orders_of(record)] == ["filled"]
    assert desk.alpaca.sent()[0].body["stop_loss"]
    assert desk.agrees()


@pytest.mark.parametrize("kind", ["timeout", "reset", "gateway_timeout", "html", "unknown_enum"])
def test_an_answer_lost_after_the_order_was_accepted(desk, kind):
    desk.alpaca.go_wrong(kind)
    record = desk.buy_aapl()

    desk.wait(10)

    assert desk.state(record) is IntentState.DONE
    assert len(desk.orders_of(record)) == len(desk.alpaca.sent()) == 1
    assert desk.agrees()


@pytest.mark.parametrize("kind", ["timeout_before", "reset_before", "server_error", "html_error"])
def test_an_order_that_never_arrived_is_sent_again_under_the_same_id(desk, kind):
    desk.alpaca.go_wrong(kind)
    record = desk.buy_aapl()
    before = desk.state(record)

    desk.wait(10)

    names = {seen.body["client_order_id"] for seen in desk.alpaca.sent()}
    assert (before, desk.state(record)) == (IntentState.UNKNOWN, IntentState.DONE)
    assert (len(names), len(desk.orders_of(record))) == (1, 1)
    assert desk.agrees()


def test_a_duplicate_id_means_the_first_order_counts(desk):
    desk.alpaca.go_wrong("timeout")
    desk.alpaca.go_wrong("server_error", "GET", "/v2/orders:by_client_order_id", times=1)
    record = desk.buy_aapl()
    name = desk.intent(record).client_order_id
    sent = desk.alpaca.sent()[0].body

    again = desk.ctx.broker.submit(desk.intent(record))
    desk.wait(10)

    assert again.client_order_id == name == sent["client_order_id"]
    assert len(desk.orders_of(record)) == 1
    assert desk.agrees()


def test_a_storm_of_429_holds_the_order_back_until_it_is_over(desk):
    desk.alpaca.go_wrong("rate_limited", "POST", "/v2/orders", times=3)
    record = desk.buy_aapl()
    held_back = desk.state(record)
    refused = len(desk.alpaca.requests)
    execution.reconcile(desk.ctx)

    quiet = len(desk.alpaca.requests) == refused
    desk.alpaca.faults.clear()
    desk.wait(61)

    assert (held_back, quiet) == (IntentState.PENDING, True)
    assert desk.state(record) is IntentState.DONE
    assert len(desk.orders_of(record)) == 1
    assert desk.agrees()


def test_a_storm_that_outlasts_the_order_ends_it_unsent(desk):
    desk.alpaca.go_wrong("rate_limited", "POST", "/v2/orders", until=START + timedelta(minutes=10))
    record = desk.buy_aapl()

    desk.wait(300, step=30)

    assert desk.state(record) is IntentState.REJECTED
    assert "good until" in desk.intent(record).problem
    assert desk.alpaca.account.orders == {}
    assert desk.agrees()


def test_errors_for_a_minute_on_every_path(desk):
    desk.propose(desk.buy("KO"))
    minute = desk.alpaca.account.now + timedelta(seconds=60)
    desk.alpaca.go_wrong("server_error", "POST", "/v2/", until=minute)
    record = desk.buy_aapl()
    desk.alpaca.go_wrong("server_error", "GET", "/v2/", until=minute)
    execution.reconcile(desk.ctx)
    during = desk.state(record)

    desk.wait(110)

    assert during is IntentState.UNKNOWN
    assert desk.state(record) is IntentState.DONE
    assert len(desk.orders_of(record)) == 1
    assert desk.agrees()


def test_acceptance_600_seconds_late_is_adopted_and_was_sent_to_one_id_only(desk):
    desk.alpaca.go_wrong("late", seconds=600)
    record = desk.buy_aapl()
    desk.wait(200)
    given_up = desk.state(record)
    told = alerts(desk)
    book = desk.book_now()

    desk.wait(420)

    assert given_up is IntentState.QUARANTINED
    assert "order_quarantined" in told
    assert book.working[0].uncertain
    assert desk.state(record) is IntentState.DONE
    assert len(desk.orders_of(record)) == 1
    assert {seen.body["client_order_id"] for seen in desk.alpaca.sent()} == {desk.intent(record).client_order_id}
    assert desk.agrees()


def test_an_order_that_never_comes_is_over_with_its_session(desk):
    desk.alpaca.go_wrong("timeout_before", times=50)
    record = desk.buy_aapl()
    desk.wait(200)
    quarantined = desk.state(record)

    desk.jump(OPEN_UNTIL + timedelta(minutes=1))

    assert quarantined is IntentState.QUARANTINED
    assert desk.state(record) is IntentState.REJECTED
    assert desk.record(record.id).status is ProposalStatus.REJECTED
    assert desk.agrees()


def test_an_order_given_up_with_its_session_and_filled_after_all_is_booked(desk):
    late = (datetime(2022, 11, 23, 15, 0, tzinfo=UTC) - START).total_seconds()
    desk.alpaca.go_wrong("late", seconds=late)
    record = desk.buy_aapl()
    desk.wait(200)
    desk.jump(OPEN_UNTIL + timedelta(minutes=1))
    given_up = desk.state(record)

    desk.jump(datetime(2022, 11, 23, 15, 1, tzinfo=UTC))
    desk.wait(30)

    assert given_up is IntentState.REJECTED
    assert desk.state(record) is IntentState.DONE
    assert desk.record(record.id).status is ProposalStatus.DONE
    assert desk.agrees()


def test_an_order_given_up_that_rests_after_all_is_cancelled(desk):
    late = (datetime(2022, 11, 23, 15, 0, tzinfo=UTC) - START).total_seconds()
    desk.alpaca.go_wrong("late", seconds=late)
    record = desk.buy_aapl(order_type="limit", limit_price=145.0)
    desk.wait(200)
    desk.jump(OPEN_UNTIL + timedelta(minutes=1))

    desk.jump(datetime(2022, 11, 23, 15, 1, tzinfo=UTC))

    (order,) = desk.orders_of(record)
    assert order.status == "canceled"
    assert desk.agrees()


@pytest.mark.parametrize("mode", ["shuffle", "repeat", "drop", "good"])
def test_partial_fills_whatever_the_stream_tells(desk, mode):
    desk.alpaca.stream.mode = mode
    desk.alpaca.go_wrong("partial", parts=4)
    record = desk.buy_aapl()
    partly = desk.state(record)

    desk.wait(60)

    assert partly is IntentState.PARTIAL
    assert desk.state(record) is IntentState.DONE
    assert len(desk.alpaca.account.executions) >= 3
    assert desk.record(record.id).filled_quantity == float(desk.alpaca.account.positions["AAPL"][0])
    assert desk.agrees()


def test_a_cancellation_that_sticks_ends_with_the_session(desk):
    desk.alpaca.go_wrong("stuck_cancel")
    record = desk.buy_aapl(order_type="limit", limit_price=145.0)
    desk.ledger.set_control("demo", ControlState.HALTED, "a test", "local", desk.clock.now())
    desk.wait(60)
    stuck, resting = desk.state(record), desk.orders_of(record)[0].status

    desk.alpaca.account.orders[desk.orders_of(record)[0].id].sticky = False
    desk.jump(OPEN_UNTIL + timedelta(minutes=1))

    assert (stuck, resting) == (IntentState.OPEN, "pending_cancel")
    assert desk.state(record).is_final
    assert len(desk.orders_of(record)) == 1
    assert desk.agrees()


def test_an_order_that_is_cancelled_while_it_is_filled_keeps_its_fill(desk):
    desk.alpaca.go_wrong("partial", parts=5)
    record = desk.buy_aapl()
    desk.ledger.set_control("demo", ControlState.HALTED, "a test", "local", desk.clock.now())

    desk.wait(20)

    (order,) = desk.orders_of(record)
    assert order.status == "canceled"
    assert 0 < order.filled < order.quantity
    assert desk.state(record) is IntentState.DONE
    assert desk.agrees()


def test_a_rejection_after_acceptance_frees_the_room(desk):
    desk.alpaca.go_wrong("reject_later")
    record = desk.buy_aapl()

    desk.wait(20)

    assert desk.state(record) is IntentState.REJECTED
    assert desk.book_now().working == ()
    assert len(desk.orders_of(record)) == 1
    assert desk.agrees()


def test_five_minutes_without_a_stream_change_nothing(desk):
    desk.alpaca.stream.mode = "drop"
    desk.alpaca.stream.disconnect()
    record = desk.buy_aapl(order_type="limit", limit_price=145.0)
    desk.alpaca.market.set_prices["AAPL"] = Decimal("144.50")

    desk.wait(300, step=60)

    assert desk.state(record) is IntentState.DONE
    assert desk.agrees()


def test_an_account_that_was_reset_blocks_entries_until_a_person_accepts_it(desk):
    desk.buy_aapl()
    desk.alpaca.account.reset(Decimal(100_000))
    desk.wait(60)
    blocked = desk.propose(desk.buy("KO"))[0]
    before = desk.book_now()

    accept(desk.ctx, ["AAPL", "CASH"], "local", "the account was reset")
    desk.wait(20)
    after = desk.propose(desk.buy("PEP"))[0]

    assert before.mismatches > 0
    assert desk.record(blocked.id).status is ProposalStatus.REJECTED
    assert "reconciled_book" in {r.rule for r in blocked.verdict.results if r.outcome.rejects}
    assert after.status is ProposalStatus.DONE
    assert desk.book_now().unit_value == pytest.approx(1.0, abs=0.01)
    assert desk.agrees()


def test_while_the_market_is_closed_nothing_is_sent(desk):
    desk.alpaca.set_now(OPEN_UNTIL + timedelta(hours=1))
    record = desk.buy_aapl()
    closed = desk.record(record.id).status, len(desk.alpaca.sent())

    desk.alpaca.set_now(datetime(2022, 11, 23, 14, 36, tzinfo=UTC))
    desk.runner.settle()

    assert closed == (ProposalStatus.SCHEDULED, 0)
    assert desk.state(record) is IntentState.DONE
    assert desk.agrees()


def test_an_early_close_is_a_close(desk):
    friday = datetime(2022, 11, 25, 18, 0, tzinfo=UTC)
    desk.alpaca.set_now(friday - timedelta(minutes=30))
    resting = desk.buy_aapl(order_type="limit", limit_price=149.0)
    before = desk.state(resting)
    desk.jump(friday + timedelta(minutes=30))

    late = desk.propose(desk.buy("KO"))[0]

    assert (late.session.isoformat(), late.status) == ("2022-11-28", ProposalStatus.SCHEDULED)
    assert (before, desk.state(resting).is_final) == (IntentState.OPEN, True)
    assert [order.status for order in desk.orders_of(resting)] == ["canceled"]
    assert desk.alpaca.account.positions == {}
    assert desk.agrees()


def test_a_limit_order_with_legs_does_not_outlive_its_session(desk):
    record = desk.buy_aapl(order_type="limit", limit_price=145.0)
    resting = desk.orders_of(record)[0]

    desk.jump(OPEN_UNTIL + timedelta(minutes=1))

    assert (resting.time_in_force, resting.status) == ("gtc", "canceled")
    assert desk.state(record) is IntentState.DONE or desk.state(record) is IntentState.REJECTED
    assert desk.agrees()


def test_a_stop_that_alpaca_executed_closes_the_position(desk):
    desk.buy_aapl()
    desk.alpaca.market.set_prices["AAPL"] = Decimal("120.00")

    desk.wait(20)

    assert desk.alpaca.account.positions == {}
    assert desk.book_now().stopped_out == ("AAPL",)
    assert desk.agrees()


def test_an_exit_takes_the_place_of_the_resting_stop(desk):
    desk.buy_aapl()
    (sale,) = desk.propose(desk.buy("AAPL", 1.0, action="SELL"))

    desk.wait(20)

    assert desk.state(sale) is IntentState.DONE
    assert desk.alpaca.account.positions == {}
    assert not any(order.status in {"new", "held"} for order in desk.alpaca.account.orders.values())
    assert desk.agrees()


def test_an_order_placed_by_hand_is_adopted_as_external(desk):
    desk.alpaca.place_by_hand("KO", "buy", 7)

    desk.wait(30)

    assert desk.book_now().positions["KO"].quantity == 7
    assert desk.agrees()


def test_keys_that_are_no_longer_accepted_halt_the_desk(desk):
    desk.alpaca.go_wrong("unauthorized")
    record = desk.buy_aapl()
    told = alerts(desk)

    desk.wait(150, step=30)

    assert desk.ledger.control("demo").state is ControlState.HALTED
    assert "access_denied" in told
    assert desk.state(record) is IntentState.REJECTED
    assert desk.agrees()
    desk.alpaca.go_wrong("unauthorized", "GET", "/v2/account")
    with pytest.raises(OperatorNeeded):
        execution.reconcile(desk.ctx)


def test_a_restart_in_the_middle_of_it_changes_nothing(desk):
    desk.alpaca.go_wrong("timeout")
    record = desk.buy_aapl()
    desk.start_again()

    desk.wait(10)

    assert desk.state(record) is IntentState.DONE
    assert len(desk.orders_of(record)) == 1
    assert desk.agrees()
