"""Entries that need the cash of their batch's exits are judged once it is there, 60 s at most, and never on credit."""

import itertools
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from domain.errors import WaitsForCash
from domain.proposal import Origin
from domain.records import ProposalStatus
from domain.verdict import Decision
from graph import execution
from graph.batches import Draft, add_proposals
from graph.control import kill, withdraw
from graph.gate import judge_again
from graph.proceeds import PATIENCE
from graph.views import market_now
from tests.graph.conftest import open_desk
from tools.clock import SystemClock
from tools.exchange import Exchange

NAMES = ("AAPL", "MSFT", "BAC", "HD", "XOM", "JNJ", "PG", "WMT", "GE", "UNH")
SOFT = 0.05
"""`cash_buffer` of the shipped policy while the VIX is below 20."""
FULL, COVERED = 52.0, 44.0
"""KO at 6 % of equity; and what 10 % of cash less the buffer buys without any sale."""


@contextmanager
def poor_desk(home, **options):
    """A desk that holds ten names, with a tenth of its equity in cash."""
    with open_desk(home, **options) as desk:
        desk.propose(*[desk.buy(symbol, 0.03) for symbol in NAMES])
        book = desk.book()
        withdraw(desk.ctx, Decimal(str(round(book.cash - (book.equity - book.cash) / 9.0, 2))), "ann")
        yield desk


@pytest.fixture
def replayed(tmp_path):
    with poor_desk(tmp_path / "home") as desk:
        desk.move_to(date(2017, 5, 30))
        yield desk


class Hands:
    """A clock's hands, moved by the test."""

    now = datetime(2017, 5, 26, 15, 0, tzinfo=UTC)


@pytest.fixture
def hands():
    return Hands()


@pytest.fixture
def live(tmp_path, hands):
    with poor_desk(tmp_path / "home", clock=SystemClock(Exchange().session_at, lambda: hands.now)) as desk:
        hands.now = datetime(2017, 5, 30, 15, 0, tzinfo=UTC)
        yield desk


def rotate(desk, **sale):
    """Propose to buy KO and to sell AAPL, in this order; return the purchase and the sale."""
    return desk.propose(desk.buy("KO", 0.06), desk.buy("AAPL", 1.0, action="SELL", **sale))


def resting(desk):
    """A price above the market at which a sale rests, inside the collar."""
    return {"order_type": "limit", "limit_price": round(market_now(desk.ctx).price("AAPL") * 1.015, 2)}


def cash_share(desk):
    return desk.book().free_cash / desk.book().equity


def test_without_a_sale_the_purchase_is_cut_to_what_is_there(replayed):
    book, price = replayed.book(), market_now(replayed.ctx).price("KO")
    assert (book.free_cash - SOFT * book.equity) // price == COVERED

    (bought,) = replayed.propose(replayed.buy("KO", 0.06))

    assert (bought.verdict.decision, bought.filled_quantity) == (Decision.RESIZE, COVERED)
    assert "cash_buffer" in bought.verdict.sized_by


def test_in_replay_the_exit_is_driven_first_and_the_entry_follows_in_one_pass(replayed):
    bought, sold = rotate(replayed)

    assert (bought.verdict.decision, bought.filled_quantity) == (Decision.EXECUTE, FULL)
    assert sold.status is ProposalStatus.DONE
    assert bought.problem == ""
    assert cash_share(replayed) > SOFT


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_order_of_arrival_changes_nothing(replayed, order):
    wanted = [replayed.buy("KO", 0.06), replayed.buy("AAPL", 1.0, action="SELL"), replayed.buy("PEP", 0.01)]
    stored = add_proposals(
        replayed.ctx, "B", None, market_now(replayed.ctx), [Draft(Origin.PERSON, one) for one in wanted]
    )
    for place in order:
        replayed.runner.advance(stored[place].id)
    replayed.runner.settle()

    found = [replayed.record(record.id) for record in stored]
    assert [record.filled_quantity for record in found] == [FULL, 82.0, 3.0]
    assert cash_share(replayed) > SOFT


def test_entries_that_need_nothing_are_judged_with_the_exits(live):
    small, sold = live.propose(live.buy("KO", 0.01), live.buy("AAPL", 1.0, action="SELL", **resting(live)))

    assert small.status is ProposalStatus.DONE
    assert small.verdict.judgement == sold.verdict.judgement


def test_an_entry_waits_for_an_exit_that_rests_and_has_reserved_nothing(live):
    bought, sold = rotate(live, **resting(live))

    assert (bought.status, bought.verdict) == (ProposalStatus.SCHEDULED, None)
    assert bought.problem == f"waits for the cash of P-{sold.id}"
    assert live.book().reservations == ()
    with pytest.raises(WaitsForCash, match=f"waits for the cash of P-{sold.id}"):
        live.ctx.gate.assess(bought.id)


def test_it_goes_on_by_itself_once_the_exit_is_filled(live, hands):
    live.faults.add("rate_limited")
    bought, sold = rotate(live)
    hands.now += timedelta(seconds=30)
    before = live.record(bought.id).status

    live.runner.settle()

    assert (before, sold.status) == (ProposalStatus.SCHEDULED, ProposalStatus.DONE)
    assert (live.record(bought.id).filled_quantity, live.record(bought.id).problem) == (FULL, "")
    assert cash_share(live) > SOFT


def test_after_sixty_seconds_only_the_cash_that_is_there_counts(live, hands):
    bought, sold = rotate(live, **resting(live))
    hands.now += PATIENCE - timedelta(seconds=1)
    live.runner.settle()
    early = live.record(bought.id).status
    hands.now += timedelta(seconds=1)

    live.runner.settle()

    found = live.record(bought.id)
    assert early is ProposalStatus.SCHEDULED
    assert live.record(sold.id).status is ProposalStatus.EXECUTING
    assert (found.verdict.decision, found.filled_quantity) == (Decision.RESIZE, COVERED)
    assert cash_share(live) >= SOFT - 1e-9


def test_an_exit_that_came_to_nothing_is_not_waited_for(live):
    bought, sold = rotate(live, **resting(live))
    (order,) = live.ledger.intents("demo", proposal_id=sold.id)
    execution.cancel(live.ctx, order)

    live.runner.settle()

    assert live.record(sold.id).filled_quantity == 0.0
    assert live.record(bought.id).filled_quantity == COVERED


def test_a_kill_while_an_entry_waits_ends_it_unsent(live, hands):
    bought, _ = rotate(live, **resting(live))
    kill(live.ctx, "ann", "a test")
    hands.now += PATIENCE

    live.runner.settle()

    assert live.record(bought.id).status is ProposalStatus.REJECTED
    assert live.ledger.intents("demo", proposal_id=bought.id) == ()


def test_what_waited_is_over_with_its_session(live, hands):
    bought, _ = rotate(live, **resting(live))
    hands.now = datetime(2017, 5, 31, 15, 0, tzinfo=UTC)

    live.runner.settle()

    assert live.record(bought.id).status is ProposalStatus.EXPIRED
    assert live.ledger.intents("demo", proposal_id=bought.id) == ()


def test_waiting_is_audited_once_and_both_judgements_are_made_again_byte_for_byte(live, hands):
    records = rotate(live, **resting(live))
    for _ in range(3):
        live.runner.settle()
    hands.now += PATIENCE
    live.runner.settle()

    noted = [row for row in live.ledger.audit_rows("demo") if row.action == "judging_waits"]
    assert [row.subject for row in noted] == [f"P-{records[0].id}"]
    for record in records:
        (stored,) = live.ledger.verdicts(record.id)
        judgement = live.ledger.judgement(stored.judgement)
        again = judge_again(live.engine, judgement, live.ledger.snapshot(judgement.snapshot))
        assert again[record.id].model_dump_json() == stored.model_dump_json()
