"""Batches, verdicts and the room they take."""

from datetime import timedelta

import pytest

from domain.errors import AlreadyDecided, BadInput, NotFound
from domain.records import ProposalStatus
from domain.trade import Side
from domain.verdict import Decision, Phase
from tests.memory.fakes import D1, D2, NOW, PRICES, a_mandate, a_new, a_proposal, a_trade, a_verdict, an_answer


def add(desk, batch_id: str, *news, slot="slot", portfolio="demo"):
    return desk.ledger.add_batch(portfolio, batch_id, slot, D1, news, NOW)


def test_a_batch_is_stored_once_in_its_order(desk):
    first = add(desk, "b1", a_new("B"), a_new("A", "MSFT"))
    again = add(desk, "b1", a_new("C"))

    assert [(record.id, record.rank) for record in first] == [("B", 1), ("A", 2)]
    assert again == first
    assert first[0].proposal == a_proposal()
    assert first[0].trade == a_trade("B")
    assert first[0].payload_hash == a_proposal().payload_hash
    assert desk.actions().count("batch_added") == 1


def test_hold_is_done_at_once_and_the_others_are_scheduled(desk):
    records = add(desk, "b1", a_new("H", "AAPL", "HOLD"), a_new("A"))

    assert [record.status for record in records] == [ProposalStatus.DONE, ProposalStatus.SCHEDULED]
    assert records[0].trade is None


def test_an_id_of_another_batch_refuses_the_whole_batch(desk):
    add(desk, "b1", a_new("A"))

    with pytest.raises(BadInput, match="P-A is already in another batch"):
        add(desk, "b2", a_new("B"), a_new("A"))

    with pytest.raises(NotFound):
        desk.ledger.proposal("B")


def test_a_proposal_is_found_by_any_unique_beginning(desk):
    add(desk, "b1", a_new("ABCD22"), a_new("ABXY33"))

    assert desk.ledger.find_proposal("P-abc").id == "ABCD22"
    assert desk.ledger.find_proposal("ABXY33", "demo").id == "ABXY33"
    with pytest.raises(NotFound, match="P-ABCD22, P-ABXY33"):
        desk.ledger.find_proposal("ab")
    for unknown in ("Q", "A%D", "_BCD22"):
        with pytest.raises(NotFound, match="no proposal begins"):
            desk.ledger.find_proposal(unknown)
    with pytest.raises(NotFound):
        desk.ledger.find_proposal("ABCD22", "other")


def test_proposals_are_listed_by_slot_batch_and_status(desk):
    add(desk, "b1", a_new("A"), a_new("H", "XOM", "HOLD"))
    desk.clock.move(minutes=1)
    desk.ledger.add_batch("demo", "b2", None, D1, [a_new("B")], desk.clock.now())

    def ids(**wanted):
        return [record.id for record in desk.ledger.proposals("demo", **wanted)]

    assert ids() == ["A", "H", "B"]
    assert ids(slot="slot") == ["A", "H"]
    assert ids(batch_id="b2") == ["B"]
    assert ids(statuses=[ProposalStatus.SCHEDULED]) == ["A", "B"]
    assert ids(statuses=[]) == []
    assert ids(limit=1) == ["A"]


def test_a_verdict_is_read_back_as_it_was_given(desk):
    add(desk, "b1", a_new("A"))
    verdict = a_verdict("A", 7.0, decision=Decision.RESIZE, risk_score=12.5, assumptions=("closes only",))

    with desk.ledger.locked_book("demo") as locked:
        locked.record_verdict(verdict, a_trade("A", 7.0, price=101.5), ProposalStatus.JUDGED, 35.0)
        inside = locked.verdict("A", 1, Phase.FIRST)

    record = desk.ledger.proposal("A")
    assert inside == verdict
    assert (record.verdict, record.first_verdict, desk.ledger.verdicts("A")) == (verdict, verdict, (verdict,))
    assert (record.quantity, record.trade.price, record.status) == (7.0, 101.5, ProposalStatus.JUDGED)


def test_a_second_verdict_for_the_same_version_and_phase_is_ignored(desk):
    desk.judged("A")

    desk.judge("A", ProposalStatus.REJECTED, quantity=0.0)

    assert desk.ledger.proposal("A").status is ProposalStatus.JUDGED
    assert desk.actions().count("verdict_recorded") == 1


def test_verdicts_are_ordered_by_version_then_phase(desk):
    desk.waiting("A")
    desk.ledger.decide(an_answer("A"))
    desk.judge("A", ProposalStatus.JUDGED, 6.0, phase=Phase.AFTER_YES, decision=Decision.APPROVAL)
    desk.ledger.ask("A", 2, NOW + timedelta(minutes=9), NOW)
    desk.ledger.decide(an_answer("A", version=2))
    desk.judge("A", ProposalStatus.APPROVED, 5.0, version=2, phase=Phase.AFTER_YES)

    record = desk.ledger.proposal("A")

    assert [verdict.quantity for verdict in desk.ledger.verdicts("A")] == [10.0, 6.0, 5.0]
    assert (record.first_verdict.quantity, record.verdict.quantity, record.version) == (10.0, 5.0, 2)


@pytest.mark.parametrize("status", [ProposalStatus.JUDGED, ProposalStatus.AWAITING, ProposalStatus.APPROVED])
def test_a_live_verdict_takes_room(desk, status):
    desk.schedule("A", action="SELL", reduces=True)
    desk.judge("A", status, 8.0, stop_risk=12.5)

    (room,) = desk.book().reservations

    assert (room.side, room.quantity, room.price, room.stop_risk, room.reduces) == (Side.SELL, 8.0, 100.0, 12.5, True)


def test_a_no_takes_no_room_and_gives_back_what_was_taken(desk):
    desk.waiting("A")
    desk.ledger.decide(an_answer("A"))

    desk.judge("A", ProposalStatus.REJECTED, 0.0, phase=Phase.AFTER_YES, decision=Decision.REJECT)

    assert desk.book().reservations == ()


def test_a_verdict_changes_the_room_to_what_is_allowed_now(desk):
    desk.waiting("A")
    desk.ledger.decide(an_answer("A"))

    desk.judge("A", ProposalStatus.APPROVED, 4.0, phase=Phase.AFTER_YES)

    assert [room.quantity for room in desk.book().reservations] == [4.0]


def test_a_verdict_cannot_revive_what_has_ended(desk):
    desk.schedule("A")
    desk.ledger.finish("A", ProposalStatus.REJECTED, "withdrawn", NOW)

    with pytest.raises(AlreadyDecided, match="P-A is rejected"):
        desk.judge("A")


def test_everything_in_a_locked_book_is_written_together_or_not_at_all(desk):
    add(desk, "b1", a_new("A"), a_new("B", "MSFT"))

    def judge_and_fail():
        with desk.ledger.locked_book("demo") as locked:
            locked.record_verdict(a_verdict("A"), a_trade("A"), ProposalStatus.JUDGED, 1.0)
            assert len(locked.book(D1, PRICES).reservations) == 1
            raise RuntimeError("a rule broke")

    with pytest.raises(RuntimeError, match="a rule broke"):
        judge_and_fail()

    assert desk.book().reservations == ()
    assert [record.status for record in desk.ledger.proposals("demo")] == [ProposalStatus.SCHEDULED] * 2
    assert "verdict_recorded" not in desk.actions()


def test_a_locked_book_reads_its_batch_and_answers_and_no_other_portfolio(desk):
    add(desk, "b1", a_new("A"), a_new("B", "MSFT"))
    desk.ledger.open_portfolio(a_mandate("other"), D1, NOW)

    with desk.ledger.locked_book("demo") as locked:
        assert [record.id for record in locked.batch("b1")] == ["A", "B"]
        assert (locked.approval("A", 1), locked.verdict("A", 1, Phase.FIRST)) == (None, None)
    with desk.ledger.locked_book("other") as locked:
        assert locked.batch("b1") == ()
        with pytest.raises(NotFound, match="belongs to portfolio 'demo'"):
            locked.proposal("A")


def test_finish_gives_the_last_status_once_and_frees_the_room(desk):
    desk.judged("A")

    desk.ledger.finish("A", ProposalStatus.REJECTED, "no cash", NOW)
    desk.ledger.finish("A", ProposalStatus.DONE, "", NOW)

    record = desk.ledger.proposal("A")
    assert (record.status, record.problem, desk.book().reservations) == (ProposalStatus.REJECTED, "no cash", ())
    assert desk.actions().count("proposal_finished") == 1


def test_what_an_analyst_proposed_and_nobody_let_through_is_turned_down(desk):
    desk.judged("A", "AAPL")
    desk.judged("M", "MSFT")
    desk.judged("X", "XOM", session=D2)
    for name, status in (("A", ProposalStatus.REJECTED), ("M", ProposalStatus.DONE), ("X", ProposalStatus.REJECTED)):
        desk.ledger.finish(name, status, "", NOW)

    assert desk.ledger.turned_down("demo", [D1]) == ("AAPL",)
    assert desk.ledger.turned_down("demo", [D1, D2]) == ("AAPL", "XOM")
    assert desk.ledger.turned_down("other", [D1, D2]) == ()
