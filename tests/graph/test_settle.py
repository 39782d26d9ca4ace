import re
from datetime import date
from pathlib import Path

import pytest

from domain.errors import AlreadyDecided, BadInput, IntentNotCommitted
from domain.orders import IntentState
from domain.records import ProposalStatus
from domain.verdict import Decision
from graph import execution
from graph.intents import build_intent
from graph.settle import build_settle
from tests.graph.conftest import open_desk, proposal

NEXT = date(2017, 5, 30)


@pytest.fixture
def desk(tmp_path, backend):
    with open_desk(tmp_path / "home", database=backend.address if backend.is_postgres else None) as made:
        yield made


def test_only_assess_leads_to_execute():
    graph = build_settle().compile().get_graph()

    assert {edge.source for edge in graph.edges if edge.target == "execute"} == {"assess"}


def test_the_owners_proposal_on_an_empty_book_is_executed_at_six_per_cent(desk):
    (record,) = desk.propose(desk.buy("AAPL", 0.06, worst_case_loss_pct=2.3, time_horizon_days=14))

    assert record.status is ProposalStatus.DONE
    assert record.verdict.decision.value == "execute"
    position = desk.book().positions["AAPL"]
    assert position.quantity == record.quantity == record.filled_quantity
    assert position.quantity * record.trade.price == pytest.approx(6_000, rel=0.01)


def test_a_volatile_symbol_waits_for_a_person_and_is_bought_after_a_yes(desk):
    (record,) = desk.propose(desk.buy("AMD"))
    assert record.status is ProposalStatus.AWAITING
    assert "AMD" not in desk.book().positions

    after = desk.answer(record)

    assert after.status is ProposalStatus.DONE
    assert desk.book().positions["AMD"].quantity == after.filled_quantity > 0


def test_half_means_half(desk):
    (record,) = desk.propose(desk.buy("AMD"))

    after = desk.answer(record, half=True)

    assert after.filled_quantity == record.quantity // 2


def test_more_than_was_shown_is_refused(desk):
    (record,) = desk.propose(desk.buy("AMD"))

    with pytest.raises(BadInput, match="only downward"):
        desk.answer(record, quantity=record.quantity + 1)

    assert desk.record(record.id).status is ProposalStatus.AWAITING


def test_a_no_trades_nothing(desk):
    (record,) = desk.propose(desk.buy("AMD"))

    after = desk.answer(record, "reject")

    assert after.status is ProposalStatus.DECLINED
    assert desk.broker.open_orders() == ()
    assert desk.ledger.intents("demo") == ()


def test_the_second_answer_is_told_who_was_first(desk):
    (record,) = desk.propose(desk.buy("AMD"))
    desk.answer(record)

    with pytest.raises(AlreadyDecided, match="approved"):
        desk.answer(record, "reject")


def test_the_next_session_expires_what_waits(desk):
    (record,) = desk.propose(desk.buy("AMD"))

    desk.move_to(NEXT)
    desk.runner.start("2017-05-30")

    assert desk.record(record.id).status is ProposalStatus.EXPIRED
    assert "AMD" not in desk.book().positions
    with pytest.raises(AlreadyDecided, match="expired"):
        desk.answer(record)


@pytest.mark.parametrize("at", ["ask", "commit_intent"])
def test_what_died_before_it_was_asked_or_promised_ends_with_its_session(desk, monkeypatch, at):
    def dies(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(type(desk.ledger), at, dies)
        with pytest.raises(KeyboardInterrupt):
            desk.propose(desk.buy("AMD" if at == "ask" else "AAPL"))

    (waiting,) = desk.ledger.unremembered("demo")

    desk.move_to(NEXT)
    desk.runner.start("2017-05-30")

    assert desk.record(waiting.id).status is ProposalStatus.EXPIRED
    assert desk.ledger.unremembered("demo") == ()
    assert desk.ledger.intents("demo") == ()


def test_a_hard_breach_is_rejected_whoever_asks(desk):
    (record,) = desk.propose(desk.buy("BBY"))

    assert record.status is ProposalStatus.REJECTED
    assert "volatility_limit" in record.verdict.breached


def test_a_restart_between_card_and_answer_loses_nothing(tmp_path, backend):
    home, database = tmp_path / "home", backend.address if backend.is_postgres else None
    with open_desk(home, database=database) as desk:
        (record,) = desk.propose(desk.buy("AMD"))

    with open_desk(home, database=database) as desk:
        after = desk.answer(record)

        assert after.status is ProposalStatus.DONE
        assert len(desk.ledger.intents("demo")) == 1


def test_submit_refuses_an_intent_without_a_committed_row(desk):
    (record,) = desk.propose(desk.buy("AMD"))
    stranger = build_intent_unchecked(desk, record)

    with pytest.raises(IntentNotCommitted):
        execution.submit(desk.ctx, stranger)

    assert desk.broker.find(stranger.client_order_id) is None


def build_intent_unchecked(desk, record):
    verdict = record.verdict.model_copy(update={"decision": Decision.EXECUTE})
    return build_intent(desk.ctx, record.model_copy(update={"verdict": verdict}))


def test_submit_is_called_in_one_place_only():
    root = Path(__file__).parents[2]
    rooms = ("domain", "quant", "risk_engine", "agent", "tools", "memory", "graph", "evals", "workers")
    calls = [
        str(path.relative_to(root))
        for room in rooms
        for path in (root / room).rglob("*.py")
        if re.search(r"broker\.submit\(", path.read_text())
    ]

    assert calls == ["graph/execution.py"]


@pytest.mark.parametrize("fault", ["timeout_after", "lost_answer"])
def test_an_order_whose_answer_was_lost_is_found_again_and_not_sent_twice(desk, fault):
    desk.faults.add(fault)

    (record,) = desk.propose(desk.buy("AAPL"))
    for _ in range(3):
        desk.runner.settle()

    after = desk.record(record.id)
    assert after.status is ProposalStatus.DONE
    assert desk.book().positions["AAPL"].quantity == after.quantity
    assert len(desk.broker.fills(desk.feed.opens(desk.clock.session()))) == 1


def test_a_timeout_before_acceptance_is_sent_again_under_the_same_id(desk):
    desk.faults.add("timeout_before")

    (record,) = desk.propose(desk.buy("AAPL"))
    desk.runner.settle()

    (intent,) = desk.ledger.intents("demo", proposal_id=record.id)
    assert intent.state is IntentState.DONE
    assert intent.attempt >= 2
    assert desk.book().positions["AAPL"].quantity == record.quantity


def test_rate_limited_is_not_accepted_and_goes_later(desk):
    desk.faults.add("rate_limited")

    (record,) = desk.propose(desk.buy("AAPL"))
    desk.runner.settle()

    assert desk.record(record.id).status is ProposalStatus.DONE


def test_a_refusal_is_final_and_releases_the_room(desk):
    desk.faults.add("reject")

    (record,) = desk.propose(desk.buy("AAPL"))

    after = desk.record(record.id)
    assert after.status is ProposalStatus.REJECTED
    assert after.problem
    assert desk.book().reservations == ()
    assert desk.book().working == ()


def test_a_batch_is_judged_together_and_stays_inside_the_caps(desk):
    records = desk.propose(*(desk.buy(symbol, 0.08) for symbol in ("JNJ", "LLY", "MRK", "PFE", "UNH")))

    book = desk.book()
    prices = {r.proposal.symbol: r.trade.price for r in records}
    sector = sum(book.held(symbol) * prices[symbol] for symbol in prices) / book.equity
    assert 0.20 < sector <= 0.25 + 1e-6
    assert {r.verdict.decision.value for r in records} & {"resize", "reject", "approval"}


def test_the_order_of_a_batch_changes_no_verdict(tmp_path):
    symbols = ("JNJ", "LLY", "MRK", "PFE", "UNH")

    def allowed(order, name):
        with open_desk(tmp_path / name) as desk:
            return {r.proposal.symbol: r.quantity for r in desk.propose(*(desk.buy(s, 0.08) for s in order))}

    assert allowed(symbols, "one") == allowed(symbols[::-1], "two")


def test_a_sale_of_what_is_held_passes_and_closes(desk):
    desk.propose(desk.buy("AAPL"))
    desk.move_to(NEXT)

    (record,) = desk.propose(proposal("AAPL", action="SELL", position_size_pct=0.5))

    assert record.verdict.decision.value == "execute"
    assert record.verdict.sized_by == ("holding",)
    assert desk.book().positions == {}


def test_two_sales_of_one_holding_sell_it_once(desk):
    desk.propose(desk.buy("AAPL"))
    held = desk.book().positions["AAPL"].quantity
    desk.move_to(NEXT)

    desk.propose(
        proposal("AAPL", action="SELL", position_size_pct=0.5),
        proposal("AAPL", action="SELL", position_size_pct=0.4),
    )

    sold = sum(i.filled_quantity for i in desk.ledger.intents("demo") if i.side.value == "SELL")
    assert sold == held
    assert desk.book().positions == {}


def test_hold_is_recorded_and_never_traded(desk):
    (record,) = desk.propose(proposal("AAPL", action="HOLD", position_size_pct=0))

    assert record.status is ProposalStatus.DONE
    assert record.verdict is None
    assert desk.ledger.intents("demo") == ()


def test_a_newer_proposal_supersedes_the_waiting_one_of_the_same_symbol(desk):
    (first,) = desk.propose(desk.buy("AMD"))

    (second,) = desk.propose(desk.buy("AMD", 0.03))

    assert desk.record(first.id).status is ProposalStatus.SUPERSEDED
    assert desk.record(second.id).status is ProposalStatus.AWAITING


def test_the_audit_chain_survives_it_all(desk):
    desk.propose(desk.buy("AMD"), desk.buy("AAPL"), desk.buy("BBY"))

    assert sum(desk.ledger.verify_audit().values()) > 5


def test_what_another_process_is_moving_is_left_to_it_and_the_rest_goes_on(desk):
    for _ in range(4):  # sent by execute, and by each of the three reconciles of the two proposals
        desk.faults.add("timeout_before")
    (stuck,) = desk.propose(desk.buy("AAPL"))
    (waiting,) = desk.propose(desk.buy("AMD"))

    with desk.ctx.locks.hold(f"prop:{stuck.id}"):
        assert execution.reconcile(desk.ctx) == 1
        after = desk.answer(waiting)

    assert after.status is ProposalStatus.DONE
    desk.runner.settle()
    assert desk.record(stuck.id).status is ProposalStatus.DONE
