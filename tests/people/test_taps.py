"""Taps: who may, on which card, once; every one an audit row, and no effect where anything is wrong."""

import random
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from domain.people import Card, CardKind
from domain.records import NewProposal, ProposalStatus
from domain.verdict import Phase
from tests.people.conftest import ALICE, BOB, CAROL, MALLORY, NOON, open_house
from workers.telegram.seal import Seal

CROWD = 32
ROUNDS, SOAK_ROUNDS = 50, 1_000


def test_a_tap_approves_and_is_written_before_it_is_answered(house):
    record = house.wait_for_answer()

    response = house.tap(house.card(record), "ap", record.id)

    approval = house.ledger.approval(record.id, 1)
    assert (approval.answer, approval.by, approval.channel, approval.quantity) == (
        "approve",
        "alice",
        "telegram",
        record.verdict.quantity,
    )
    assert (response.outcome, response.said[:9]) == ("approve", "recorded:")
    (row,) = house.rows("tap")
    assert (row.actor, row.subject, row.detail["outcome"]) == ("alice", f"P-{record.id}", "approve")
    (item,) = house.ledger.claim_outbox(["advance"], house.wall)
    assert item.payload == {"proposal_id": record.id}


def test_half_allows_half_and_a_second_tap_is_told_who_won(house):
    record = house.wait_for_answer()
    message = house.card(record)

    house.tap(message, "ah", record.id)
    late = house.tap(message, "rj", record.id, user=BOB)

    assert house.ledger.approval(record.id, 1).quantity == record.verdict.quantity // 2
    assert late.said.startswith("already approved by alice at ")


def test_a_no_takes_a_reason_and_one_person(house):
    record = house.wait_for_answer()
    message = house.card(record)

    reasons = house.tap(message, "rj", record.id, user=BOB)
    house.tap(message, "r2", record.id, user=BOB)

    assert [button.label for row in reasons.changes[0].buttons for button in row][1] == "bad timing"
    assert (house.status(record), house.ledger.approval(record.id, 1).reason) == (ProposalStatus.DECLINED, "bad timing")


def test_less_is_a_new_version_with_a_card_of_its_own(house):
    record = house.wait_for_answer()
    message = house.card(record)

    house.tap(message, "s2", record.id)
    old = house.tap(message, "ap", record.id)
    after = house.ledger.proposal(record.id)
    new = house.tap(house.card(after), "ap", record.id, 2)

    assert (after.version, after.quantity) == (2, record.verdict.quantity // 2)
    assert old.outcome == "refused"
    assert new.outcome == "approve"
    assert house.ledger.approval(record.id, 2).quantity == after.quantity
    house.desk.runner.settle()
    assert house.ledger.proposal(record.id).filled_quantity == after.quantity


def test_a_number_typed_under_the_prompt_makes_less_and_never_more(house):
    record = house.wait_for_answer()
    house.tap(house.card(record), "sc", record.id)

    more = house.reply_last("1000000")
    words = house.reply_last("a lot")
    less = house.reply_last("3")

    assert [more.outcome, words.outcome, less.outcome] == ["refused", "refused", "shrunk"]
    assert house.ledger.proposal(record.id).quantity == 3.0
    assert house.messenger.sent[1][2] == ALICE


def test_a_prompt_belongs_to_whoever_was_asked(house):
    record = house.wait_for_answer()
    house.tap(house.card(record), "sc", record.id)

    assert house.reply_last("3", user=BOB).outcome == "refused"
    house.later(minutes=11)
    assert house.reply_last("3").outcome == "refused"
    assert house.ledger.proposal(record.id).version == 1


def test_why_is_told_from_what_is_stored_to_viewers_too(house):
    record = house.wait_for_answer()

    response = house.tap(house.card(record), "wy", record.id, user=CAROL)

    assert "model_risk" in response.sends[0].html


@pytest.fixture(scope="module")
def untouched(tmp_path_factory):
    """A house with one card that nothing below may change: the house, the proposal, the card's message."""
    with open_house(tmp_path_factory.mktemp("untouched") / "home") as house:
        record = house.wait_for_answer()
        yield house, record, house.card(record)


def no_effect(house, record, response):
    assert response.outcome == "refused", response
    assert house.status(record) is ProposalStatus.AWAITING
    assert house.ledger.approval(record.id, 1) is None
    assert [row.detail["outcome"] for row in house.rows("tap")][-1] == "refused"


@pytest.mark.parametrize("act", ["ap", "ah", "rj", "r1", "sz", "s1", "sc"])
def test_a_viewer_changes_nothing(untouched, act):
    house, record, message = untouched

    no_effect(house, record, house.tap(message, act, record.id, user=CAROL))


@pytest.mark.parametrize(
    "wrong",
    [
        {"user": MALLORY},
        {"chat": -999},
        {"inline_message_id": "x"},
        {"under": {"forward_origin": {"type": "user"}}},
        {"from": {"id": ALICE, "is_bot": True, "first_name": "x"}},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_strangers_other_chats_and_odd_messages_have_no_effect(untouched, wrong):
    house, record, message = untouched

    no_effect(house, record, house.tap(message, "ap", record.id, **wrong))


def test_a_tap_without_its_message_has_no_effect(house):
    record = house.wait_for_answer()
    house.card(record)
    query = {"id": "q", "from": {"id": ALICE}, "data": house.seal.data("ap", record.id, 1)}

    no_effect(house, record, house.carry_out({"callback_query": query}))


@pytest.mark.parametrize("body", [{"callback_query": {}}, {"callback_query": {"id": 1, "from": {"id": "x"}}}])
def test_what_can_not_be_read_has_no_effect(untouched, body):
    house, record, _ = untouched

    response = house.carry_out(body)

    assert (response.outcome, house.status(record)) == ("refused", ProposalStatus.AWAITING)


def test_a_message_that_is_no_recorded_card_has_no_effect(untouched):
    house, record, message = untouched

    no_effect(house, record, house.tap(message + 1, "ap", record.id))


def test_a_button_of_another_card_has_no_effect(house):
    first, second = house.wait_for_answer("AAPL"), house.wait_for_answer("MSFT")
    message = house.card(first)
    house.card(second)

    no_effect(house, second, house.tap(message, "ap", second.id))


@pytest.mark.parametrize("forge", ["other token", "other portfolio", "changed act", "no seal", "junk", "🙂" * 10, ""])
def test_forged_data_has_no_effect(untouched, forge):
    house, record, message = untouched
    genuine = house.seal.data("wy", record.id, 1)
    data = {
        "other token": Seal("1:other", house.name).data("ap", record.id, 1),
        "other portfolio": Seal("123456:stand-in-token-of-no-value", "other").data("ap", record.id, 1),
        "changed act": genuine.replace(":wy:", ":ap:"),
        "no seal": f"v1:ap:{record.id}:1",
    }.get(forge, forge)

    no_effect(house, record, house.tap(message, "", "", data=data or " "))


def test_a_card_of_an_older_version_has_no_effect(house):
    record = house.wait_for_answer()
    message = house.card(record)
    house.ledger.shrink(record.id, 1, 3.0, "bob", house.wall)

    for act in ("ap", "ah", "s1", "r1"):
        no_effect(house, record, house.tap(message, act, record.id))
    assert house.ledger.approval(record.id, 2) is None


def test_an_expired_card_has_no_effect(house):
    record = house.wait_for_answer()
    message = house.card(record)
    house.desk.clock._now = record.expires_at

    no_effect(house, record, house.tap(message, "ap", record.id))
    house.ledger.expire(house.name, house.desk.clock.now())
    late = house.tap(message, "ap", record.id)

    assert (late.outcome, house.status(record)) == ("refused", ProposalStatus.EXPIRED)


def test_a_redelivered_update_is_one_tap(house):
    record = house.wait_for_answer()
    message = house.card(record)
    house.tap(message, "ap", record.id, number=7)

    house.tap(message, "rj", record.id, number=7)

    assert len(house.rows("tap")) == 1
    assert house.status(record) is ProposalStatus.APPROVED


def test_data_of_every_button_fits_and_comes_back(house):
    for act in ("ap", "s3", "op"):
        data = house.seal.data(act, "ABCDEFGHIJKL", 3)
        assert len(data.encode()) <= 64
        assert house.seal.read(data) == (act, "ABCDEFGHIJKL", 3)
    with pytest.raises(ValueError, match="64 bytes"):
        house.seal.data("ap", "X" * 60, 1)


def contradicting_rounds(home, rounds: int) -> None:
    """Each round, 32 taps at once on one card: yes, half, four kinds of no, smaller; by people and by strangers."""
    draw = random.Random(4)
    with open_house(home) as house, ThreadPoolExecutor(8) as crowd:
        template = house.wait_for_answer("AAPL", 0.02)
        taps = 0
        for number in range(rounds):
            record = again(house, template, number)
            message = 1 + number
            house.ledger.put_card(
                Card(
                    portfolio=house.name,
                    chat=house.counter.chat,
                    message=message,
                    kind=CardKind.PROPOSAL,
                    subject=record.id,
                    sent_at=NOON,
                )
            )
            asked = [
                (
                    draw.choice(["ap", "ah", "r1", "r2", "r3", "r4", "s1", "s2"]),
                    draw.choice([ALICE, BOB, CAROL, MALLORY]),
                )
                for _ in range(CROWD)
            ]
            press = partial(press_one, house, message, record.id)
            answers = list(crowd.map(press, asked))
            taps += CROWD

            won = [outcome for outcome in answers if outcome != "refused"]
            after = house.ledger.proposal(record.id)
            able = any(user in {ALICE, BOB} for _, user in asked)
            assert len(won) == able, (number, answers)
            assert (after.status, after.version) in {
                (ProposalStatus.APPROVED, 1),
                (ProposalStatus.DECLINED, 1),
                (ProposalStatus.AWAITING, 2),
            }
            house.ledger.expire(house.name, house.desk.clock.now().replace(year=2099))
        rows = house.rows("tap")
        assert len(rows) == taps
        assert len({row.detail["update"] for row in rows}) == taps
        assert sum(row.detail["outcome"] != "refused" for row in rows) == rounds
        house.ledger.verify_audit()


def press_one(house, message, proposal_id, one) -> str:
    act, user = one
    return house.tap(message, act, proposal_id, user=user).outcome


def again(house, template, number):
    """Put one more waiting proposal into the ledger, judged as the first one was."""

    new = NewProposal(id=f"ROUND{number:07d}", origin=template.origin, proposal=template.proposal, trade=template.trade)
    ledger, now = house.ledger, house.desk.clock.now()
    ledger.add_batch(house.name, f"round-{number}", None, template.session, [new], now)
    with ledger.locked_book(house.name) as locked:
        verdict = template.verdict.model_copy(update={"proposal_id": new.id, "phase": Phase.FIRST})
        locked.record_verdict(verdict, template.trade, ProposalStatus.JUDGED, 1.0)
    return ledger.ask(new.id, 1, template.expires_at, now)


def test_of_32_contradicting_taps_one_wins_and_all_are_audited(tmp_path):
    contradicting_rounds(tmp_path / "home", ROUNDS)


@pytest.mark.soak
@pytest.mark.timeout(3_600)
def test_of_a_thousand_rounds_each_has_one_winner(tmp_path):
    contradicting_rounds(tmp_path / "home", SOAK_ROUNDS)
