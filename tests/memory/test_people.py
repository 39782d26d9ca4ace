"""Taps, cards, first confirmations, smaller offers and how far people were told."""

from datetime import timedelta

import pytest

from domain.errors import AlreadyDecided, BadInput
from domain.people import Card, CardKind, Consent, Message
from domain.records import ProposalStatus
from tests.memory.fakes import NOW, an_answer

MINUTE = timedelta(minutes=1)


def a_card(message: int = 7, **fields) -> Card:
    given = {"portfolio": "demo", "chat": -100, "message": message, "kind": CardKind.PROPOSAL, "subject": "A"}
    return Card.model_validate(given | {"sent_at": NOW} | fields)


def test_an_update_is_stored_once_and_waits_until_it_is_dealt_with(desk):
    big = 2**40

    assert desk.ledger.receive_update("demo", big, {"text": "🙂"}, NOW)
    assert not desk.ledger.receive_update("demo", big, {"text": "other"}, NOW)
    assert [update.body for update in desk.ledger.waiting_updates("demo")] == [{"text": "🙂"}]


def test_dealing_with_an_update_leaves_exactly_one_audit_row(desk):
    desk.ledger.receive_update("demo", 5, {}, NOW)

    first = desk.ledger.end_update("demo", 5, "tap", "P-A", {"outcome": "approved"}, "alice", NOW)
    again = desk.ledger.end_update("demo", 5, "tap", "P-A", {"outcome": "refused"}, "alice", NOW)

    rows = [row for row in desk.ledger.audit_rows("demo") if row.action == "tap"]
    assert (first, again) == (True, False)
    assert [(row.actor, row.detail) for row in rows] == [("alice", {"update": 5, "outcome": "approved"})]
    assert desk.ledger.waiting_updates("demo") == ()


def test_a_card_is_found_by_its_message_and_answers_once(desk):
    desk.ledger.put_card(a_card(person=2**45, until=NOW + MINUTE))
    desk.ledger.put_card(a_card(8, subject="B"))

    assert desk.ledger.card("demo", -100, 7) == a_card(person=2**45, until=NOW + MINUTE)
    assert desk.ledger.card("demo", -100, 9) is None
    assert [desk.ledger.use_card("demo", -100, 7) for _ in range(2)] == [True, False]
    assert [card.subject for card in desk.ledger.cards("demo")] == ["B"]
    assert not desk.ledger.put_card(a_card(8, subject="C"))


def test_what_a_card_shows_is_written_down(desk):
    desk.ledger.put_card(a_card())

    desk.ledger.show_card("demo", -100, 7, "approved")
    desk.ledger.show_card("demo", -100, 7, "filled", closed=True)

    card = desk.ledger.card("demo", -100, 7)
    assert (card.shown, card.open) == ("filled", False)


def test_confirmations_of_different_people_add_up_and_lapse(desk):
    def say(person, minutes, version=1):
        at = NOW + minutes * MINUTE
        given = Consent(portfolio="demo", subject="A", version=version, person=person, quantity=minutes, at=at)
        return [c.person for c in desk.ledger.consent(given, at - 10 * MINUTE)]

    assert say("alice", 0) == ["alice"]
    assert say("alice", 1) == ["alice"]
    assert say("bob", 9) == ["alice", "bob"]
    assert say("bob", 12) == ["bob"]
    assert say("carol", 12, version=2) == ["carol"]
    first = desk.ledger.consents("demo", "A", 1, NOW)[0]
    assert (first.person, first.at, first.quantity) == ("alice", NOW, 0.0)


def test_a_smaller_offer_is_a_new_version_with_less_room(desk):
    desk.waiting("A")

    record = desk.ledger.shrink("A", 1, 4.0, "alice", NOW)

    assert (record.status, record.version, record.quantity) == (ProposalStatus.AWAITING, 2, 4.0)
    (room,) = desk.book().reservations
    assert (room.quantity, room.stop_risk) == (4.0, 20.0)
    with pytest.raises(AlreadyDecided, match="version 2"):
        desk.ledger.decide(an_answer("A", version=1))


@pytest.mark.parametrize("quantity", [10.0, 11.0, 0.0, -1.0])
def test_an_offer_only_gets_smaller(desk, quantity):
    desk.waiting("A")

    with pytest.raises(BadInput):
        desk.ledger.shrink("A", 1, quantity, "alice", NOW)


def test_only_what_waits_at_that_version_gets_smaller(desk):
    desk.waiting("A")
    desk.waiting("B", "MSFT")
    desk.ledger.decide(an_answer("B"))
    desk.ledger.shrink("A", 1, 5.0, "alice", NOW)

    for name in ("A", "B"):
        with pytest.raises(AlreadyDecided):
            desk.ledger.shrink(name, 1, 4.0, "alice", NOW)
    desk.clock.move(minutes=15)
    with pytest.raises(AlreadyDecided):
        desk.ledger.shrink("A", 2, 4.0, "alice", NOW)


def test_telling_moves_on_and_posts_together(desk):
    message = Message("alert:email", "notice:1", {"text": "x"}, NOW)

    assert desk.ledger.told_until("demo") is None
    assert desk.ledger.tell("demo", None, 3, [message])
    assert not desk.ledger.tell("demo", None, 4, [Message("alert:email", "notice:2", {}, NOW)])
    assert desk.ledger.tell("demo", 3, 5, [message])
    assert desk.ledger.told_until("demo") == 5
    assert [item.key for item in desk.ledger.claim_outbox(["alert:email"], NOW)] == ["notice:1"]


def test_a_portfolio_claims_its_own_messages(desk):
    desk.ledger.post("demo", "alert", "a", {}, NOW)
    desk.ledger.post("other", "alert", "b", {}, NOW)

    assert [item.key for item in desk.ledger.claim_outbox(["alert"], NOW, portfolio="other")] == ["b"]


def test_a_chain_is_read_from_behind_a_row(desk):
    rows = list(desk.ledger.audit_rows("demo"))

    assert [row.sequence for row in desk.ledger.audit_rows("demo", after=1)] == [row.sequence for row in rows[1:]]
