"""A lot at stake takes a confirmation; some things take two people, or one who confirms twice."""

import pytest

from domain.people import CardKind
from domain.records import ProposalStatus
from tests.graph.conftest import proposal
from tests.people.conftest import ALICE, BOB, CAROL

AMD = {"symbol": "AMD", "share": 0.02}
"""AMD moves a lot: together with a high risk level that is two soft limits."""


def test_above_five_per_cent_a_yes_is_confirmed(house):
    record = house.wait_for_answer("AAPL", 0.06)

    asked = house.tap(house.card(record), "ap", record.id)
    assert (asked.outcome, house.status(record)) == ("confirm_asked", ProposalStatus.AWAITING)
    done = house.press_last()

    assert (done.outcome, house.ledger.approval(record.id, 1).quantity) == ("approve", record.verdict.quantity)
    assert asked.sends[0].buttons[0][0].danger


def test_a_confirmation_is_for_one_person_within_a_minute_and_once(house):
    record = house.wait_for_answer("AAPL", 0.06)
    message = house.card(record)
    house.tap(message, "ap", record.id)

    assert house.press_last(user=BOB).outcome == "refused"
    assert house.press_last("no").outcome == "not_confirmed"
    card = house.ledger.card(house.name, house.counter.chat, message + 1)
    assert house.tap(card.message, "cf", record.id).outcome == "refused"
    house.tap(message, "ap", record.id)
    house.later(seconds=60)
    assert house.press_last().outcome == "refused"
    assert house.status(record) is ProposalStatus.AWAITING


def test_half_of_it_needs_no_confirmation_where_that_is_little(house):
    record = house.wait_for_answer("AAPL", 0.06)

    assert house.tap(house.card(record), "ah", record.id).outcome == "approve"


def test_two_people_say_yes_to_two_overrides(pair):
    record = pair.wait_for_answer(**AMD)
    message = pair.card(record)

    first = pair.tap(message, "ap", record.id)
    again = pair.tap(message, "ap", record.id)
    assert [first.outcome, again.outcome, pair.status(record)] == ["first_yes", "first_yes", ProposalStatus.AWAITING]
    assert "1/2 alice" in pair.tap(message, "bk", record.id).changes[0].html
    second = pair.tap(message, "ap", record.id, user=BOB)

    assert second.outcome == "approve"
    approval = pair.ledger.approval(record.id, 1)
    assert (approval.by, approval.reason) == ("bob", "two people: alice and bob")
    pair.desk.runner.settle()
    assert pair.status(record) is ProposalStatus.DONE


def test_the_smaller_yes_of_the_two_counts(pair):
    record = pair.wait_for_answer(**AMD)
    message = pair.card(record)

    pair.tap(message, "ah", record.id)
    pair.tap(message, "ap", record.id, user=BOB)

    assert pair.ledger.approval(record.id, 1).quantity == record.verdict.quantity // 2


def test_a_first_yes_lapses_after_ten_minutes(pair):
    record = pair.wait_for_answer(**AMD)
    message = pair.card(record)
    pair.tap(message, "ap", record.id)
    pair.later(minutes=10, seconds=1)

    assert pair.tap(message, "ap", record.id, user=BOB).outcome == "first_yes"
    assert pair.tap(message, "ap", record.id).outcome == "approve"


def test_one_no_ends_what_two_would_have_to_approve(pair):
    record = pair.wait_for_answer(**AMD)
    message = pair.card(record)
    pair.tap(message, "ap", record.id)

    pair.tap(message, "r1", record.id, user=BOB)

    assert pair.status(record) is ProposalStatus.DECLINED


def test_who_is_not_among_the_mandates_approvers_is_no_second_person(tmp_path):
    from tests.graph.conftest import demo_mandate
    from tests.people.conftest import open_house

    with open_house(tmp_path / "home", mandate=demo_mandate(approvers=("alice", "dora"))) as house:
        record = house.wait_for_answer(**AMD)
        message = house.card(record)
        house.tap(message, "ap", record.id)

        assert house.tap(message, "ap", record.id, user=BOB).outcome == "refused"


def test_a_single_operator_confirms_twice_a_minute_apart_with_a_typed_phrase(house):
    record = house.wait_for_answer(**AMD)
    message = house.card(record)
    first = house.tap(message, "ap", record.id)
    assert first.outcome == "first_yes"
    assert f"approve P-{record.id}" in first.sends[0].html

    early = house.reply_last(f"approve P-{record.id}")
    house.later(seconds=60)
    wrong = house.reply_last("yes")
    tapped = house.tap(message, "ap", record.id)
    done = house.reply_last(f"approve P-{record.id}")

    assert [early.outcome, wrong.outcome, tapped.outcome] == ["refused", "refused", "first_yes"]
    assert (done.outcome, house.ledger.approval(record.id, 1).reason) == ("approve", "single operator")


def test_the_single_operators_phrase_lapses_with_the_first_yes(house):
    record = house.wait_for_answer(**AMD)
    house.tap(house.card(record), "ap", record.id)
    house.later(minutes=10)

    assert house.reply_last(f"approve P-{record.id}").outcome == "refused"
    assert house.status(record) is ProposalStatus.AWAITING


def test_kill_is_one_message_however_old_and_offers_to_flatten(house):
    (held,) = house.desk.propose(proposal("MSFT"))
    assert held.status is ProposalStatus.DONE

    killed = house.say("/kill the feed is odd", age=3600.0)

    assert (killed.outcome, house.ledger.control(house.name).state.value) == ("killed", "HALTED")
    control = house.ledger.control(house.name)
    assert (control.by, control.reason) == ("alice", "the feed is odd")
    card = house.last_card(CardKind.CONTROL)
    assert house.tap(card.message, "fl", "flatten", user=BOB).outcome == "refused"
    assert house.tap(card.message, "fl", "flatten").outcome == "confirm_asked"
    assert house.press_last().outcome == "first_yes"
    house.later(seconds=60)
    done = house.reply_last("flatten demo")
    assert done.outcome == "flatten"
    (item,) = house.ledger.claim_outbox(["command"], house.wall)
    assert item.payload == {"do": "flatten", "by": "alice", "confirm": "flatten demo", "how": "single operator"}


def test_flatten_takes_two_people_where_the_mandate_has_two(tmp_path):
    from tests.graph.conftest import demo_mandate
    from tests.people.conftest import open_house
    from workers.telegram.staff import read_staff

    with open_house(tmp_path / "home", mandate=demo_mandate(approvers=("alice", "bob"))) as house:
        house.counter.staff.update(read_staff(f"{BOB}:admin:bob"))
        house.say("/flatten")
        assert house.press_last().outcome == "first_yes"
        assert house.ledger.claim_outbox(["command"], house.wall) == ()
        house.say("/flatten", user=BOB)
        assert house.press_last(user=BOB).outcome == "flatten"
        assert len(house.ledger.claim_outbox(["command"], house.wall)) == 1


def test_resume_after_a_pause_takes_a_confirmation(house):
    house.say("/pause", user=BOB)
    assert house.ledger.control(house.name).state.value == "REDUCING"

    assert house.say("/resume").outcome == "confirm_asked"
    assert house.press_last().outcome == "resumed"

    assert house.ledger.control(house.name).state.value == "ACTIVE"


def test_resume_after_a_kill_takes_a_minute_and_a_phrase(house):
    house.say("/kill")

    assert house.say("/resume").outcome == "first_yes"
    early = house.reply_last("resume demo")
    house.later(seconds=61)
    done = house.reply_last("resume demo")

    assert early.outcome != "resumed"
    assert (done.outcome, house.ledger.control(house.name).state.value) == ("resumed", "ACTIVE")
    assert "single operator" in house.ledger.control(house.name).reason


def test_two_admins_resume_where_the_mandate_has_two(pair):
    from workers.telegram.staff import read_staff

    pair.counter.staff.update(read_staff(f"{BOB}:admin:bob"))
    pair.say("/kill")

    assert pair.say("/resume").outcome == "first_yes"
    pair.later(seconds=5)
    pair.say("/resume", user=BOB)
    assert pair.press_last(user=BOB).outcome == "resumed"


@pytest.mark.parametrize("age", [61.0, 86_400.0])
def test_an_old_resume_is_refused(house, age):
    house.say("/pause")

    assert house.say("/resume", age=age).outcome == "refused"
    assert house.ledger.control(house.name).state.value == "REDUCING"


@pytest.mark.parametrize("command", ["/kill", "/resume", "/flatten", "/reconcile", "/pause", "/run", "/approve X"])
def test_a_viewer_commands_nothing(house, command):
    before = house.ledger.control(house.name)

    assert house.say(command, user=CAROL).outcome == "refused"
    assert house.ledger.control(house.name) == before
    assert house.ledger.claim_outbox(["command"], house.wall) == ()


@pytest.mark.parametrize("odd", [{"kind": "edited_message"}, {"forward_origin": {"type": "user"}}, {"sender_chat": {}}])
def test_edited_forwarded_and_anonymous_commands_are_refused(house, odd):
    assert house.say("/kill", **odd).outcome == "refused"
    assert house.ledger.control(house.name).state.value == "ACTIVE"
    assert house.rows("command")[-1].detail["outcome"] == "refused"


def test_everybody_hears_why_a_request_is_only_recorded(house):
    assert house.ledger.claim_outbox(["command"], house.wall) == ()
    house.say("/close AAPL 50", user=BOB)
    house.say("/run", user=BOB)
    again = house.say("/run", user=ALICE)

    items = house.ledger.claim_outbox(["command"], house.wall)
    assert [item.payload["do"] for item in items] == ["close", "run"]
    assert items[0].payload == {"do": "close", "symbol": "AAPL", "share": 0.5, "by": "bob"}
    assert again.outcome == "refused"
