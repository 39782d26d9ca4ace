"""Commands: each answers within Telegram's limits, from the ledger alone, to those who may ask."""

import pytest

from graph.control import CONFIRM_AFTER
from tests.graph.conftest import proposal
from tests.graph.test_control import resting_entry
from tests.people.conftest import ALICE, BOB, CAROL, open_house
from tests.standins.telegram import TelegramServer
from workers.settling import AGES
from workers.telegram.commands import commands
from workers.telegram.staff import Role

QUESTIONS = [name for name, command in commands().items() if command.role is Role.VIEWER]


@pytest.fixture(scope="module")
def busy(tmp_path_factory):
    """A house with a position, a waiting proposal and a rejected one; nothing in here changes it."""
    with open_house(tmp_path_factory.mktemp("busy") / "home") as house:
        house.desk.analyst.proposals = [proposal("MSFT"), proposal("BBY")]
        house.desk.runner.start("morning", ["prices are a sample"])
        house.desk.propose(proposal("XOM"))
        house.wait_for_answer("AAPL", 0.02)
        policy = house.desk.policy_text
        house.ledger.pin_policy(house.name, house.desk.clock.session(), policy, "file")
        yield house


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_is_answered_within_the_limits(busy, name):
    response = busy.say(f"/{name} AAPL" if name == "why" else f"/{name}", user=CAROL)

    (send,) = response.sends
    TelegramServer._check({"text": send.html, "parse_mode": "HTML"})
    assert len(send.html) <= 3_500
    assert response.outcome in {"answered", "explained"}, response


def test_answers_say_what_is_there(busy):
    said = {
        name: busy.say(f"/{name}", user=CAROL).sends[0].html for name in ("status", "positions", "limits", "report")
    }

    assert "<b>ACTIVE</b>" in said["status"]
    assert "1 wait for an answer" in said["status"]
    assert "<b>XOM</b>" in said["positions"]
    assert "max_position_weight" in said["limits"]
    assert "• <b>BUY" in said["report"]


def test_help_lists_what_one_may_do(busy):
    viewer, admin = (busy.say("/help", user=user).sends[0].html for user in (CAROL, ALICE))

    assert "/kill" not in viewer
    assert "/kill" in admin
    assert "viewer of demo" in viewer


def test_one_that_waits_comes_as_its_card(busy):
    (send,) = busy.say("/pending", user=CAROL).sends

    assert "APPROVE?" in send.html
    assert [button.label[:1] for button in send.buttons[0]] == ["✅", "½"]


@pytest.mark.parametrize(
    "text", ["/why", "/why P-NOPE", "/nonsense", "/close", "/close ZZZZ", "/close AAPL 0", "/close AAPL x"]
)
def test_what_can_not_be_done_says_why(busy, text):
    response = busy.say(text, user=BOB)

    assert response.outcome == "refused"
    assert response.sends[0].html


def test_approve_takes_an_id_and_fewer_units_and_never_more(house):
    record = house.wait_for_answer()

    assert house.say(f"/approve P-{record.id[:6]} 1000000", user=BOB).outcome == "refused"
    assert house.say(f"/approve P-{record.id[:6]} nan", user=BOB).outcome == "refused"
    assert house.say(f"/approve P-{record.id[:6]} 2", user=BOB).outcome == "approve"
    assert house.ledger.approval(record.id, 1).quantity == 2.0


def test_reject_keeps_the_reason(house):
    record = house.wait_for_answer()

    house.say(f"/reject {record.id} too close to earnings", user=BOB)

    assert house.ledger.approval(record.id, 1).reason == "too close to earnings"


def test_before_anything_has_run_the_answers_say_so(tmp_path):
    with open_house(tmp_path / "home") as house:
        assert (
            "no run yet" in house.say("/report").sends[0].html
            or "there is no run" in house.say("/report").sends[0].html
        )
        assert house.say("/limits").sends[0].html
        assert house.say("/pnl").sends[0].html


def test_a_command_for_another_bot_of_the_group_is_read_by_its_name(house):
    assert house.say("/status@desk_bot").outcome == "answered"


def test_talk_among_people_is_left_alone(house):
    assert house.say("good morning").outcome == "ignored"
    assert house.rows("command", "reply", "tap") == []


def test_requests_that_wait_too_long_are_those_that_trade_on_old_reasons():
    assert {"close", "run"} == AGES
    assert CONFIRM_AFTER.total_seconds() == 60


def test_an_approver_cancels_an_entry_that_rests_and_nobody_takes_a_stop_away(tmp_path):
    with open_house(tmp_path / "home") as house:
        entry = resting_entry(house.desk)

        stranger = house.say(f"/cancel {entry.client_order_id}", user=CAROL)
        unknown = house.say("/cancel pm-NOTHING", user=BOB)
        nothing = house.say("/cancel", user=BOB)
        asked = house.say(f"/cancel {entry.client_order_id[:8]}", user=BOB)

        assert stranger.outcome == unknown.outcome == nothing.outcome == "refused"
        assert asked.outcome == "cancel asked"
        assert house.ledger.intents(house.name, open_only=True) == ()
        rows = [row for row in house.ledger.audit_rows(house.name) if row.action == "order_cancel_asked"]
        assert [(row.subject, row.actor) for row in rows] == [(entry.client_order_id, "bob")]
