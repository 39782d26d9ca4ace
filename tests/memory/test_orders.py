"""Intents, fills and what they do to cash and holdings."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import BadInput, NotFound
from domain.orders import IntentState, OrderStatus
from domain.records import ProposalStatus
from domain.trade import ExitKind, Side
from tests.memory.fakes import D1, NOW, Desk, FakeClock, a_fill, a_mandate, an_intent, an_order


def state_of(desk, intent):
    return desk.ledger.intent(intent.client_order_id).state


def test_committing_turns_the_reservation_into_a_working_order(desk):
    intent = desk.committed("A")

    book = desk.book()

    assert intent == an_intent("A")
    assert (len(book.reservations), [order.quantity for order in book.working]) == (0, [10.0])
    assert desk.ledger.proposal("A").status is ProposalStatus.EXECUTING


def test_committing_again_reads_the_first(desk):
    desk.committed("A")

    again = desk.ledger.commit_intent(an_intent("A", "3"))

    assert again.quantity == 10
    assert desk.actions().count("intent_committed") == 1


def test_an_uncommitted_intent_is_invisible_to_its_reader(desk):
    desk.judged("A")
    from memory.ledger.tables import IntentRow

    with desk.ledger._database.write() as session:
        session.add(IntentRow(**an_intent("A").model_dump()))
        session.flush()
        during = desk.ledger.intent(an_intent("A").client_order_id)

    assert during is None
    assert desk.ledger.intent(an_intent("A").client_order_id) is not None


def test_intents_are_listed_by_age_state_and_proposal(desk):
    done = desk.filled("A", "10", "100")
    desk.judged("B", "MSFT")
    later = desk.ledger.commit_intent(an_intent("B", symbol="MSFT", created_at=NOW + timedelta(minutes=1)))

    def ids(intents):
        return [intent.client_order_id for intent in intents]

    both = [done.client_order_id, later.client_order_id]
    assert ids(desk.ledger.intents("demo")) == both
    assert ids(desk.ledger.intents("demo", open_only=True)) == both[1:]
    assert ids(desk.ledger.intents("demo", proposal_id="A")) == both[:1]
    assert ids(desk.ledger.orders("demo")) == both[::-1]
    assert ids(desk.ledger.orders("demo", limit=1)) == both[1:]


def test_an_unknown_order_is_not_found(desk):
    assert desk.ledger.intent("pm-nothing") is None
    with pytest.raises(NotFound, match="pm-nothing"):
        desk.ledger.claim_intent("pm-nothing", NOW)


@pytest.mark.parametrize("state", [IntentState.PENDING, IntentState.UNKNOWN])
def test_claiming_counts_attempts_until_the_broker_has_it(desk, state):
    intent = desk.committed("A")
    first = desk.ledger.claim_intent(intent.client_order_id, NOW)
    desk.ledger.mark_intent(intent.client_order_id, state, "timeout", NOW)
    second = desk.ledger.claim_intent(intent.client_order_id, NOW)
    desk.ledger.book_order(an_order(intent, OrderStatus.OPEN), [], NOW)

    assert (first.state, first.attempt, second.attempt) == (IntentState.SUBMITTING, 1, 2)
    assert desk.ledger.claim_intent(intent.client_order_id, NOW) is None


@pytest.mark.parametrize("state", [IntentState.QUARANTINED, IntentState.REJECTED])
def test_what_is_quarantined_or_refused_cannot_be_claimed(desk, state):
    intent = desk.committed("A")
    desk.ledger.mark_intent(intent.client_order_id, state, "no", NOW)

    assert desk.ledger.claim_intent(intent.client_order_id, NOW) is None


def test_an_unknown_outcome_frees_nothing(desk):
    intent = desk.committed("A")
    desk.ledger.mark_intent(intent.client_order_id, IntentState.UNKNOWN, "timeout", NOW)

    assert [order.quantity for order in desk.book().working] == [10.0]
    assert desk.ledger.proposal("A").status is ProposalStatus.EXECUTING


def test_a_refused_order_rejects_its_proposal_with_the_reason(desk):
    intent = desk.committed("A")
    desk.ledger.mark_intent(intent.client_order_id, IntentState.REJECTED, "no buying power", NOW)

    record = desk.ledger.proposal("A")
    assert (record.status, record.problem) == (ProposalStatus.REJECTED, "no buying power")
    assert desk.book().working == ()


def test_a_final_intent_stays_as_it_is(desk):
    done = desk.filled("A", "10", "100")

    for state in (IntentState.UNKNOWN, IntentState.REJECTED, IntentState.PENDING):
        desk.ledger.mark_intent(done.client_order_id, state, "late", NOW)

    assert (state_of(desk, done), desk.ledger.proposal("A").status) == (IntentState.DONE, ProposalStatus.DONE)


def test_an_order_at_the_broker_is_never_called_unsent(desk):
    intent = desk.committed("A")
    desk.ledger.book_order(an_order(intent, OrderStatus.OPEN), [], NOW)

    desk.ledger.mark_intent(intent.client_order_id, IntentState.PENDING, "rate limited", NOW)

    assert state_of(desk, intent) is IntentState.OPEN


def test_calling_a_partly_filled_order_refused_finishes_it_as_traded(desk):
    intent = desk.committed("A")
    desk.ledger.book_order(an_order(intent, OrderStatus.PARTIAL, "4"), [a_fill(intent, "x", "4", "100")], NOW)

    desk.ledger.mark_intent(intent.client_order_id, IntentState.REJECTED, "never seen again", NOW)

    record = desk.ledger.proposal("A")
    assert (state_of(desk, intent), record.status, record.filled_quantity) == (
        IntentState.DONE,
        ProposalStatus.DONE,
        4.0,
    )


def test_fills_move_cash_and_position_exactly(desk):
    intent = desk.committed("A", quantity="3")
    fills = [a_fill(intent, "x1", "1", "33.333333", "0.1"), a_fill(intent, "x2", "2", "33.333334", "0.2")]
    booked = desk.ledger.book_order(an_order(intent, OrderStatus.FILLED, "3"), fills, NOW)

    # 33.333333 + 66.666668 + 0.3 = 100.300001
    assert (booked.state, booked.filled_quantity) == (IntentState.DONE, 3)
    assert desk.book().cash == 99_899.699999
    assert desk.book().positions["AAPL"].average_price == pytest.approx(100.300001 / 3, abs=1e-12)
    assert desk.actions().count("fill_booked") == 2


def test_a_fill_told_twice_is_booked_once(desk):
    intent = desk.committed("A")
    order, fill = an_order(intent, OrderStatus.FILLED, "10"), a_fill(intent, "x", "10", "100")
    first = desk.ledger.book_order(order, [fill, fill], NOW)

    assert desk.ledger.book_order(order, [fill], NOW) == first
    assert (desk.book().cash, desk.book().held("AAPL")) == (99_000.0, 10.0)
    assert desk.actions().count("fill_booked") == 1


def test_a_partly_filled_order_stays_open_with_the_rest(desk):
    intent = desk.committed("A")
    desk.ledger.book_order(an_order(intent, OrderStatus.ACCEPTED), [], NOW)
    accepted = state_of(desk, intent)
    desk.ledger.book_order(an_order(intent, OrderStatus.PARTIAL, "4"), [a_fill(intent, "x", "4", "100")], NOW)

    record = desk.ledger.proposal("A")
    assert (accepted, state_of(desk, intent)) == (IntentState.OPEN, IntentState.PARTIAL)
    assert (record.status, record.filled_quantity) == (ProposalStatus.EXECUTING, 4.0)


def test_an_order_called_filled_stays_open_until_its_fills_have_come(desk):
    intent = desk.committed("A")
    desk.ledger.book_order(an_order(intent, OrderStatus.FILLED, "10"), [], NOW)
    waiting = (state_of(desk, intent), len(desk.book().working))
    desk.ledger.book_order(an_order(intent, OrderStatus.FILLED, "10"), [a_fill(intent, "x", "10", "100")], NOW)

    assert waiting == (IntentState.OPEN, 1)
    assert (state_of(desk, intent), len(desk.book().working)) == (IntentState.DONE, 0)


def test_an_order_cancelled_after_a_part_is_done_with_that_part(desk):
    intent = desk.committed("A")
    desk.ledger.book_order(an_order(intent, OrderStatus.CANCELED, "4"), [a_fill(intent, "x", "4", "100")], NOW)

    record = desk.ledger.proposal("A")
    assert (state_of(desk, intent), record.status, record.filled_quantity) == (
        IntentState.DONE,
        ProposalStatus.DONE,
        4.0,
    )
    assert [trade.notional for trade in desk.book().trades_today] == [400.0]


def test_an_order_the_broker_rejects_rejects_the_proposal(desk):
    intent = desk.committed("A")
    desk.ledger.book_order(an_order(intent, OrderStatus.REJECTED, reason="halted"), [], NOW)

    record = desk.ledger.proposal("A")
    assert (state_of(desk, intent), record.status, record.problem) == (
        IntentState.REJECTED,
        ProposalStatus.REJECTED,
        "halted",
    )


def test_an_unreadable_status_keeps_the_order_uncertain(desk):
    intent = desk.committed("A")
    desk.ledger.book_order(an_order(intent, OrderStatus.UNKNOWN), [], NOW)

    assert (state_of(desk, intent), desk.book().unknown_orders) == (IntentState.UNKNOWN, 1)


def test_a_stale_report_does_not_reopen_an_order(desk):
    done = desk.filled("A", "10", "100")

    desk.ledger.book_order(an_order(done, OrderStatus.ACCEPTED), [], NOW)

    assert state_of(desk, done) is IntentState.DONE


@pytest.mark.parametrize("refused", [True, False])
def test_a_fill_that_comes_after_the_end_is_still_booked(desk, refused):
    intent = desk.committed("A")
    status = OrderStatus.REJECTED if refused else OrderStatus.CANCELED
    desk.ledger.book_order(an_order(intent, status), [], NOW)

    desk.ledger.book_order(an_order(intent, status, "4"), [a_fill(intent, "x", "4", "100")], NOW)

    record = desk.ledger.proposal("A")
    assert (desk.book().held("AAPL"), desk.book().cash) == (4.0, 99_600.0)
    assert (state_of(desk, intent), record.status, record.filled_quantity) == (
        IntentState.DONE,
        ProposalStatus.DONE,
        4.0,
    )


def test_a_fill_of_another_order_is_refused_and_nothing_is_booked(desk):
    intent, other = desk.committed("A"), desk.committed("B")
    fills = [a_fill(intent, "x1", "4", "100"), a_fill(other, "x2", "4", "100")]

    with pytest.raises(BadInput, match="x2"):
        desk.ledger.book_order(an_order(intent, OrderStatus.PARTIAL, "4"), fills, NOW)

    assert desk.book().positions == {}


def test_selling_a_part_keeps_the_average_and_the_plan(desk):
    desk.filled("A", "10", "100", "1")
    desk.filled("B", "4", "120", "1", action="SELL", at=NOW + timedelta(minutes=1))

    held = desk.book().positions["AAPL"]

    # cash: 100,000 - 1,001 + 480 - 1; the average stays 100.10
    assert desk.book().cash == 99_478.0
    assert (held.quantity, held.average_price, held.proposal_id) == (6.0, 100.1, "A")
    assert held.plan.stop_price == 95.0


def test_selling_everything_removes_the_position(desk):
    desk.filled("A", "10", "100")
    desk.filled("B", "10", "90", action="SELL", at=NOW + timedelta(minutes=1))

    assert (desk.book().positions, desk.book().cash) == ({}, 99_900.0)


def test_adding_averages_the_cost_and_takes_the_newer_plan(desk):
    desk.filled("A", "10", "100")
    desk.filled("B", "30", "120", at=NOW + timedelta(minutes=1))

    held = desk.book().positions["AAPL"]

    # (10 x 100 + 30 x 120) / 40 = 115
    assert (held.quantity, held.average_price, held.opened, held.proposal_id) == (40.0, 115.0, D1, "B")


def test_crossing_zero_closes_one_side_and_opens_the_other(desk):
    desk.filled("A", "10", "100")
    desk.filled("B", "15", "120", "3", action="SELL", at=NOW + timedelta(minutes=1))

    held = desk.book().positions["AAPL"]

    # five are short; they brought 5 x 120 less a third of the commission: (600 - 1) / 5 = 119.80
    assert (held.quantity, held.average_price, held.proposal_id) == (-5.0, 119.8, "B")
    assert desk.book().cash == 100_000 - 1_000 + 1_800 - 3


def test_fills_that_arrive_out_of_order_end_in_the_same_position(desk):
    first, second = desk.committed("A"), desk.committed("B", action="SELL", quantity="4")
    sold = a_fill(second, "x2", "4", "120", at=NOW + timedelta(minutes=1))
    desk.ledger.book_order(an_order(second, OrderStatus.FILLED, "4"), [sold], NOW)
    short = desk.book().held("AAPL")
    desk.ledger.book_order(an_order(first, OrderStatus.FILLED, "10"), [a_fill(first, "x1", "10", "100", "1")], NOW)

    held = desk.book().positions["AAPL"]
    assert (short, held.quantity, held.average_price, held.proposal_id) == (-4.0, 6.0, 100.1, "A")


def test_a_proposal_with_two_orders_ends_with_the_last_of_them(desk):
    first = desk.committed("A")
    second = desk.ledger.commit_intent(an_intent("A", leg="second", client_order_id="pm-second"))
    desk.ledger.book_order(an_order(first, OrderStatus.CANCELED), [], NOW)
    between = desk.ledger.proposal("A").status
    desk.ledger.book_order(an_order(second, OrderStatus.FILLED, "10"), [a_fill(second, "x", "10", "100")], NOW)

    assert (between, desk.ledger.proposal("A").status) == (ProposalStatus.EXECUTING, ProposalStatus.DONE)


@pytest.fixture
def shared(ledger):
    return Desk(ledger, FakeClock())


news = st.lists(
    st.tuples(
        st.sampled_from(["buy", "sell"]),
        st.integers(1, 50),
        st.integers(1_000_000, 300_000_000),
        st.integers(0, 2_000_000),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=news, shuffle=st.randoms(use_true_random=False), doubled=st.sets(st.integers(0, 5)))
def test_any_order_and_repetition_of_the_same_fills_gives_the_same_book(shared, told, shuffle, doubled):
    ledger, number = shared.ledger, len(shared.actions("system"))
    ledger.audit("system", "example", str(number), {}, "test")

    def play(name: str, order: list[int]):
        ledger.open_portfolio(a_mandate(name), D1, NOW)
        intents = {}
        for side, action in (("buy", "BUY"), ("sell", "SELL")):
            new = _new(f"{name}{side}", action)
            ledger.add_batch(name, f"b{name}{side}", None, D1, [new], NOW)
            with ledger.locked_book(name) as locked:
                locked.record_verdict(_verdict(new.id), new.trade, ProposalStatus.JUDGED, 0.0)
            intents[side] = ledger.commit_intent(
                an_intent(new.id, "9999", portfolio=name, side=action, client_order_id=f"pm-{new.id}")
            )
        for index in order:
            side, quantity, price, commission, minute = told[index]
            fill = a_fill(
                intents[side],
                f"{name}-{index}",
                str(quantity),
                str(Decimal(price).scaleb(-6)),
                str(Decimal(commission).scaleb(-6)),
                at=NOW + timedelta(minutes=minute),
            )
            ledger.book_order(an_order(intents[side], OrderStatus.PARTIAL), [fill], NOW)
        book = ledger.book(name, D1, {"AAPL": 100.0})
        held = {s: p.model_copy(update={"proposal_id": p.proposal_id[-4:]}) for s, p in book.positions.items()}
        return book.cash, held

    straight = list(range(len(told)))
    mixed = straight + [index for index in doubled if index < len(told)]
    shuffle.shuffle(mixed)

    assert play(f"s{number}", straight) == play(f"m{number}", mixed)


def _new(name: str, action: str):
    from tests.memory.fakes import a_new

    return a_new(name, "AAPL", action)


def _verdict(name: str):
    from tests.memory.fakes import a_verdict

    return a_verdict(name)


def legs_of(desk, **changes):
    """Commit the legs that protect what A bought."""
    given = {"client_order_id": "pm-legs-1", "leg": "legs-1", "side": Side.SELL, "reduces": True}
    return desk.ledger.commit_legs(an_intent("A", **given | changes))


def test_legs_are_committed_once_and_leave_their_proposal_and_every_book_alone(desk):
    desk.filled("A", "10", "100")
    before = desk.ledger.proposal("A")

    first, again = legs_of(desk), legs_of(desk, quantity="3")

    assert first == again
    assert desk.actions().count("legs_committed") == 1
    assert desk.ledger.proposal("A") == before
    assert (desk.book().working, desk.book().being_sold("AAPL")) == ((), 0.0)
    assert desk.ledger.positions("demo") == desk.book().positions


def test_only_legs_are_committed_as_legs(desk):
    desk.filled("A", "10", "100")

    with pytest.raises(BadInput, match="no protective leg"):
        desk.ledger.commit_legs(an_intent("A"))


def test_legs_of_which_nobody_knows_whether_they_rest_count_as_unknown(desk):
    desk.filled("A", "10", "100")
    legs = legs_of(desk)

    desk.ledger.mark_intent(legs.client_order_id, IntentState.UNKNOWN, "no answer", NOW)

    assert (desk.book().unknown_orders, desk.book().working) == (1, ())


def test_an_execution_of_legs_closes_the_holding_and_counts_for_no_proposal(desk):
    desk.filled("A", "10", "100")
    legs = legs_of(desk)
    fill = a_fill(legs, "leg", "10", "90").model_copy(update={"side": Side.SELL, "leg": ExitKind.STOP})

    booked = desk.ledger.book_order(an_order(legs, OrderStatus.FILLED, "10"), [fill, fill], NOW)

    assert (booked.state, booked.filled_quantity) == (IntentState.DONE, 10)
    assert (desk.book().positions, desk.book().stopped_out) == ({}, ("AAPL",))
    assert desk.ledger.proposal("A").filled_quantity == 10.0
