"""A portfolio's account, clock, equity and book."""

from datetime import timedelta
from decimal import Decimal

import pytest

from domain.book import ControlState
from domain.errors import EarlierSession, NoData, NotFound
from domain.orders import IntentState, OrderStatus
from domain.proposal import Action
from domain.records import ProposalStatus, Run
from domain.trade import Side
from tests.memory.fakes import D1, D2, NOW, PRICES, a_fill, a_mandate, an_answer, an_order, drivers


def test_a_portfolio_starts_with_its_cash_as_a_deposit_and_units_of_one_dollar(desk):
    book = desk.book()

    assert (book.cash, book.equity, book.unit_value) == (100_000.0, 100_000.0, 1.0)
    assert (book.positions, book.control, book.last_session_return) == ({}, ControlState.ACTIVE, None)


def test_opening_a_portfolio_again_deposits_nothing(desk):
    desk.ledger.open_portfolio(a_mandate(cash=5.0), D2, NOW)

    assert desk.book().cash == 100_000.0
    assert desk.actions().count("portfolio_opened") == 1


def test_money_is_exact_to_the_millionth(desk):
    desk.ledger.open_portfolio(a_mandate("odd", cash=0.1 + 0.2), D1, NOW)

    assert desk.ledger.book("odd", D1, {}).cash == 0.3


def test_a_portfolio_nobody_opened_is_not_found(desk):
    for ask in (desk.ledger.control, lambda name: desk.ledger.book(name, D1, {})):
        with pytest.raises(NotFound, match="'nobody' has never run"):
            ask("nobody")


def test_the_clock_tells_the_session_of_the_newest_run_or_batch(desk):
    before = desk.ledger.session("demo")
    desk.ledger.begin_run(Run(portfolio="demo", slot="a", session=D1, analyst="quant", started_at=NOW))
    after_run = desk.ledger.session("demo")
    desk.ledger.enter_session("demo", D2, NOW)
    entered = desk.ledger.session("demo")
    desk.schedule("B", session=D2)

    assert (before, after_run, entered, desk.ledger.session("demo")) == (None, D1, D1, D2)


def test_an_earlier_session_is_refused_with_both_dates_and_a_way_out(desk):
    desk.ledger.enter_session("demo", D2, NOW)

    with pytest.raises(EarlierSession, match="2017-05-26 is before 2017-05-30") as refusal:
        desk.ledger.enter_session("demo", D1, NOW)

    assert "pm reset" in refusal.value.remedy
    assert "PM_HOME" in refusal.value.remedy


def test_entering_the_same_session_again_changes_nothing(desk):
    desk.waiting("A")
    desk.ledger.enter_session("demo", D1, NOW)

    assert desk.ledger.proposal("A").status is ProposalStatus.AWAITING
    assert desk.actions().count("session_entered") == 1


def test_a_later_session_expires_what_waits_and_frees_its_room(desk):
    desk.schedule("S", "XOM")
    desk.judged("J", "MSFT")
    desk.waiting("W")
    desk.waiting("Y", "XOM")
    desk.ledger.decide(an_answer("Y"))
    desk.committed("E", "XOM")

    desk.ledger.enter_session("demo", D2, NOW + timedelta(days=4))

    status = {name: desk.ledger.proposal(name).status for name in "SJWYE"}
    assert status == dict.fromkeys("SJWY", ProposalStatus.EXPIRED) | {"E": ProposalStatus.EXECUTING}
    assert desk.book(D2).reservations == ()
    answer = desk.ledger.approval("W", 1)
    assert (answer.answer, answer.by, answer.hindsight) == ("expire", "clock", True)
    assert desk.ledger.approval("J", 1) is None
    assert desk.actions().count("proposal_expired") == 4


def test_proposals_of_the_new_session_do_not_expire(desk):
    desk.schedule("N", session=D2)

    desk.ledger.enter_session("demo", D2, NOW)

    assert desk.ledger.proposal("N").status is ProposalStatus.SCHEDULED


def test_equity_is_struck_once_a_session_and_only_raises_the_highs(desk):
    for session, equity in ((D1, 110_000.0), (D1, 500_000.0), (D2, 104_500.0)):
        desk.ledger.record_equity("demo", session, equity, NOW, previous=D1 if session == D2 else None)

    book = desk.book(D2)

    assert (book.reference_high, book.all_time_high) == (1.1, 1.1)
    assert book.last_session_return == pytest.approx(104_500 / 110_000 - 1)
    assert desk.book(D1).last_session_return is None


def test_a_book_values_holdings_at_the_given_prices(desk):
    desk.filled("A", "10", "100", commission="1")

    book = desk.book(prices={"AAPL": 120.0})

    # 100,000 - 10 x 100 - 1 = 98,999 in cash; 10 shares at 120 make 1,200
    assert (book.cash, book.equity) == (98_999.0, 100_199.0)
    assert book.unit_value == pytest.approx(1.00199)
    held = book.positions["AAPL"]
    assert (held.quantity, held.average_price, held.opened, held.proposal_id) == (10.0, 100.1, D1, "A")
    assert held.plan.stop_price == 95.0


def test_a_holding_without_a_price_stops_the_book(desk):
    desk.filled("A", "10", "100")

    with pytest.raises(NoData, match="AAPL is held"):
        desk.book(prices={})


def test_a_working_order_counts_with_what_is_left_of_it(desk):
    intent = desk.committed("A")
    desk.ledger.book_order(an_order(intent, OrderStatus.PARTIAL, "4"), [a_fill(intent, "x1", "4", "100")], NOW)

    (working,) = desk.book().working

    assert (working.quantity, working.price, working.side, working.uncertain) == (6.0, 100.0, Side.BUY, False)


@pytest.mark.parametrize("state", [IntentState.UNKNOWN, IntentState.QUARANTINED])
def test_an_order_of_unknown_fate_is_working_uncertain_and_counted(desk, state):
    intent = desk.committed("A")
    desk.ledger.claim_intent(intent.client_order_id, NOW)
    desk.ledger.mark_intent(intent.client_order_id, state, "timeout", NOW)

    book = desk.book()

    assert book.unknown_orders == 1
    assert [order.uncertain for order in book.working] == [True]


def test_reservations_of_others_are_seen_and_ones_own_are_not(desk):
    desk.judged("A")
    desk.judged("B", "MSFT")

    with desk.ledger.locked_book("demo") as locked:
        seen = locked.book(D1, PRICES, without=["A"])

    assert [(room.proposal_id, room.quantity, room.price, room.stop_risk) for room in seen.reservations] == [
        ("B", 10.0, 50.0, 50.0)
    ]
    assert [trade.proposal_id for trade in seen.trades_today] == ["B"]
    assert [recent.proposal_id for recent in seen.recent] == ["B"]


def test_trades_today_are_what_was_accepted_or_traded_and_recent_is_everything_but_hold(desk):
    desk.schedule("H", "XOM", "HOLD")
    desk.schedule("S")
    desk.schedule("R")
    desk.judge("R", ProposalStatus.REJECTED, quantity=0.0)
    desk.judged("J", "MSFT", "SELL", reduces=True)
    desk.filled("F", "10", "100")
    desk.schedule("OTHER-DAY", session=D2)

    book = desk.book()

    trades = {trade.proposal_id: (trade.side, trade.notional, trade.entry) for trade in book.trades_today}
    assert trades == {"J": (Side.SELL, 500.0, False), "F": (Side.BUY, 1000.0, True)}
    assert {recent.proposal_id for recent in book.recent} == {"S", "R", "J", "F"}
    assert desk.ledger.proposal("H").proposal.action is Action.HOLD


def test_portfolios_do_not_see_each_other(desk):
    desk.filled("A", "10", "100")
    desk.ledger.open_portfolio(a_mandate("other"), D1, NOW)

    book = desk.ledger.book("other", D1, {})

    assert (book.cash, book.positions, book.recent) == (100_000.0, {}, ())


def test_the_book_has_the_same_digest_when_read_twice(desk):
    desk.filled("A", "10", "100")

    assert desk.book().digest == desk.book().digest


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_reading_a_book_uses_indexes_only(desk):
    plans = plans_of(desk, desk.book)

    assert len(plans) >= 7
    assert [plan for plan in plans if plan.startswith("SCAN")] == []


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_what_a_step_asks_for_never_reads_the_history(desk):
    ledger = desk.ledger

    def _step():
        desk.book()
        ledger.proposals("demo", slot="2020-01-02")
        ledger.proposals("demo", session=D1)
        ledger.proposals("demo", statuses=[ProposalStatus.AWAITING])
        ledger.unremembered("demo")
        ledger.turned_down("demo", [D1])
        ledger.expire("demo", desk.clock.now())
        ledger.intents("demo", open_only=True)

    searched = [plan for plan in plans_of(desk, _step) if " proposal " in plan or " order_intent " in plan]

    assert len(searched) >= 8
    assert [plan for plan in searched if "created_at" in plan or plan.endswith("(portfolio=?)")] == []


def plans_of(desk, act) -> list[str]:
    """Ask SQLite how it answers what `act` asks."""
    statements: list[str] = []
    for connection in drivers(desk):
        connection.set_trace_callback(statements.append)
    act()
    asked = [text for text in statements if text.startswith("SELECT")]
    with desk.ledger._database.read() as session:
        connection = session.connection()
        return [row[3] for text in asked for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]


def test_units_are_decimals_at_the_till(desk):
    intent = desk.committed("A", quantity="0.333333")

    assert desk.ledger.intent(intent.client_order_id).quantity == Decimal("0.333333")
