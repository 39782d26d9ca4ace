"""Asking, answering, expiring: one winner, every attempt audited."""

from datetime import timedelta

import pytest

from domain.errors import AlreadyDecided, BadInput, NotFound
from domain.orders import OrderStatus
from domain.records import ProposalStatus
from domain.verdict import Decision, Phase
from tests.memory.fakes import NOW, an_answer, an_intent, an_order

LATER = NOW + timedelta(minutes=15)


def test_a_judged_proposal_waits_until_its_time_is_up(desk):
    record = desk.waiting("A")

    assert (record.status, record.version, record.expires_at) == (ProposalStatus.AWAITING, 1, LATER)
    assert [room.proposal_id for room in desk.book().reservations] == ["A"]


def test_asking_again_changes_nothing(desk):
    desk.waiting("A")

    record = desk.ledger.ask("A", 1, LATER + timedelta(hours=1), NOW)

    assert record.expires_at == LATER
    assert desk.actions().count("approval_asked") == 1


@pytest.mark.parametrize("answer", ["approve", "reject"])
def test_asking_again_after_the_answer_does_not_reopen_the_question(desk, answer):
    desk.waiting("A")
    decided = desk.ledger.decide(an_answer("A", answer))

    assert desk.ledger.ask("A", 1, LATER, NOW) == decided


def test_what_was_not_judged_or_has_ended_cannot_be_asked(desk):
    desk.schedule("S")
    desk.judged("E")
    desk.ledger.finish("E", ProposalStatus.REJECTED, "", NOW)

    assert desk.ledger.ask("S", 1, LATER, NOW).status is ProposalStatus.SCHEDULED
    assert desk.ledger.ask("E", 2, LATER, NOW).status is ProposalStatus.REJECTED


def test_a_new_version_asks_again_and_the_old_answer_stays(desk):
    desk.waiting("A")
    desk.ledger.decide(an_answer("A"))
    desk.judge("A", ProposalStatus.JUDGED, 5.0, phase=Phase.AFTER_YES, decision=Decision.APPROVAL)

    record = desk.ledger.ask("A", 2, LATER, NOW)

    assert (record.status, record.version) == (ProposalStatus.AWAITING, 2)
    assert desk.ledger.approval("A", 1).answer == "approve"
    assert desk.ledger.approval("A", 2) is None
    with pytest.raises(AlreadyDecided, match="P-A is at version 2, not 1"):
        desk.ledger.decide(an_answer("A", version=1))


def test_a_newer_question_about_the_same_symbol_supersedes_the_older_one(desk):
    desk.waiting("OLD")
    desk.waiting("MS", "MSFT")
    desk.waiting("NEW")

    old = desk.ledger.proposal("OLD")

    assert old.status is ProposalStatus.SUPERSEDED
    assert desk.ledger.approval("OLD", 1).by == "P-NEW"
    assert desk.ledger.approval("OLD", 1).quantity == 0.0
    assert [room.proposal_id for room in desk.book().reservations] == ["MS", "NEW"]
    with pytest.raises(AlreadyDecided, match="P-OLD was superseded by P-NEW at 2017-05-26 13:35 UTC"):
        desk.ledger.decide(an_answer("OLD"))


def test_a_yes_approves_keeps_the_room_and_stores_the_answer_as_given(desk):
    desk.waiting("A")

    record = desk.ledger.decide(an_answer("A", quantity=5.0))

    assert record.status is ProposalStatus.APPROVED
    assert desk.ledger.approval("A", 1) == an_answer("A", quantity=5.0)
    assert len(desk.book().reservations) == 1
    with desk.ledger.locked_book("demo") as locked:
        assert locked.approval("A", 1) == an_answer("A", quantity=5.0)


def test_a_no_declines_and_frees_the_room(desk):
    desk.waiting("A")

    record = desk.ledger.decide(an_answer("A", "reject", reason="too much"))

    assert (record.status, desk.book().reservations) == (ProposalStatus.DECLINED, ())


@pytest.mark.parametrize(("first", "word"), [("approve", "approved"), ("reject", "declined")])
def test_the_second_answer_is_told_who_won(desk, first, word):
    desk.waiting("A")
    desk.ledger.decide(an_answer("A", first))

    with pytest.raises(AlreadyDecided, match=f"P-A was already {word} by local at 2017-05-26 13:35 UTC") as refusal:
        desk.ledger.decide(an_answer("A", "reject", by="bob"))

    assert refusal.value.remedy == "see what waits with `pm pending`"
    refused = [row for row in desk.ledger.audit_rows("demo") if row.action == "decision_refused"]
    assert [(row.actor, row.detail["answer"]) for row in refused] == [("bob", "reject")]


def test_an_answer_at_the_very_moment_of_expiry_is_too_late(desk):
    desk.waiting("A")
    desk.clock.move(minutes=15)

    with pytest.raises(AlreadyDecided, match="P-A expired at 2017-05-26 13:50 UTC"):
        desk.ledger.decide(an_answer("A"))

    assert desk.actions()[-1] == "decision_refused"


def test_an_answer_just_before_expiry_counts(desk):
    desk.waiting("A")
    desk.clock.move(minutes=15, microseconds=-1)

    assert desk.ledger.decide(an_answer("A")).status is ProposalStatus.APPROVED


def test_expiry_takes_what_has_waited_too_long_and_nothing_else(desk):
    desk.waiting("A")
    desk.waiting("B", "MSFT", minutes=30)

    expired = desk.ledger.expire("demo", LATER)
    again = desk.ledger.expire("demo", LATER)

    assert (expired, again) == (("A",), ())
    assert desk.ledger.proposal("A").status is ProposalStatus.EXPIRED
    assert (desk.ledger.approval("A", 1).answer, desk.ledger.approval("A", 1).by) == ("expire", "clock")
    assert [room.proposal_id for room in desk.book().reservations] == ["B"]
    with pytest.raises(AlreadyDecided, match="P-A expired at 2017-05-26 13:50 UTC"):
        desk.ledger.decide(an_answer("A"))


def test_what_does_not_wait_says_what_it_is(desk):
    desk.schedule("A")

    with pytest.raises(AlreadyDecided, match="P-A is scheduled and waits for no answer"):
        desk.ledger.decide(an_answer("A"))


def test_an_answer_to_nothing_is_audited_too(desk):
    with pytest.raises(NotFound, match="P-NOPE"):
        desk.ledger.decide(an_answer("NOPE"))

    assert desk.actions("system") == ["decision_refused"]


def test_people_cannot_expire_or_supersede(desk):
    desk.waiting("A")

    with pytest.raises(BadInput, match="expire"):
        desk.ledger.decide(an_answer("A", "expire"))


def test_only_what_was_judged_or_approved_becomes_an_order(desk):
    desk.schedule("S")
    desk.waiting("W", "MSFT")
    desk.waiting("X", "XOM")
    desk.ledger.decide(an_answer("X", "reject"))

    for name, status in (("S", "scheduled"), ("W", "awaiting"), ("X", "declined")):
        with pytest.raises(AlreadyDecided, match=f"P-{name} is {status}"):
            desk.ledger.commit_intent(an_intent(name))


def test_an_approved_proposal_executes_to_its_end(desk):
    desk.waiting("A")
    desk.ledger.decide(an_answer("A"))
    intent = desk.ledger.commit_intent(an_intent("A"))

    desk.ledger.book_order(an_order(intent, OrderStatus.CANCELED, reason="cancelled at the close"), [], NOW)

    record = desk.ledger.proposal("A")
    assert (record.status, record.problem) == (ProposalStatus.DONE, "cancelled at the close")
