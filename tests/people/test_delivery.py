"""What happened is told once, on every channel, whatever fails; cards follow their proposals."""

from contextlib import contextmanager
from datetime import timedelta

import pytest

from domain.errors import Undeliverable, Undelivered
from domain.notices import NoticeKind
from domain.people import CardKind
from domain.records import ProposalStatus
from graph import control
from tests.graph.conftest import proposal
from tests.people.conftest import Recorder, channels
from tools.notifiers import NOTIFIERS
from workers.delivery import MOST_ATTEMPTS, deliver_from
from workers.quiet import read_quiet_hours


class Failing(Recorder):
    """A channel that is down."""

    def __init__(self, error=None):
        super().__init__()
        self.error, self.tried = error or Undelivered("down"), 0

    def tell(self, notice):
        self.tried += 1
        raise self.error

    def send(self, *_, **__):
        self.tried += 1
        raise self.error


@pytest.fixture
def wired(monkeypatch):
    """Let channels be objects of the test."""

    @contextmanager
    def put(**there):
        for name, notifier in there.items():
            notifier.name = name
            adapter = type("Adapter", (), {"connect": staticmethod(lambda notifier=notifier: notifier)})
            monkeypatch.setitem(NOTIFIERS._found, name, adapter)
        monkeypatch.setattr("workers.delivery.read_channels", lambda *_: channels(*there))
        yield

    return put


def headlines(notifier):
    return [notice.headline for notice in notifier.told]


def test_a_card_goes_out_is_answered_filled_and_edited(house, wired):
    telegram = Recorder()
    with wired(telegram=telegram):
        deliver_from(house.till)
        record = house.wait_for_answer()
        deliver_from(house.till)
        card = house.last_card(CardKind.PROPOSAL)
        house.tap(card.message, "ap", record.id)
        deliver_from(house.till)
        house.desk.runner.settle()
        done = deliver_from(house.till)
        again = deliver_from(house.till)

    assert "APPROVE?" in telegram.sent[0][0]
    assert ["APPROVED" in telegram.edited[0][1], "FILLED" in telegram.edited[1][1]] == [True, True]
    assert telegram.edited[1][2] == ()
    assert any("filled at" in html for html, _, _ in telegram.sent[1:])
    assert house.ledger.cards(house.name) == ()
    assert (done.sent >= 2, again) == (True, (0, 0, 0))


def test_an_expiry_edits_the_card_and_sends_a_new_message(house, wired):
    telegram = Recorder()
    with wired(telegram=telegram):
        deliver_from(house.till)
        house.wait_for_answer()
        deliver_from(house.till)
        house.ledger.expire(house.name, house.desk.clock.now() + timedelta(days=1))
        deliver_from(house.till)

    assert "⌛ EXPIRED" in telegram.edited[0][1]
    assert any("expired: nothing was traded" in html for html, _, _ in telegram.sent)


def test_a_smaller_offer_replaces_the_old_card_by_a_new_one(house, wired):
    telegram = Recorder()
    with wired(telegram=telegram):
        deliver_from(house.till)
        record = house.wait_for_answer()
        deliver_from(house.till)
        first = house.last_card(CardKind.PROPOSAL)
        house.tap(first.message, "s2", record.id)
        deliver_from(house.till)

    assert "v2" in telegram.sent[1][0]
    assert "REPLACED" in telegram.edited[0][1]
    assert [card.version for card in house.ledger.cards(house.name)] == [2]


def test_more_than_three_at_once_are_one_digest_whose_buttons_bring_cards(house, wired):
    telegram = Recorder()
    symbols = ("AAPL", "MSFT", "XOM", "JNJ")
    with wired(telegram=telegram):
        deliver_from(house.till)
        records = [house.wait_for_answer(symbol, 0.02) for symbol in symbols]
        deliver_from(house.till)

    (digest, buttons, _) = telegram.sent[-1]
    assert "4 proposals wait" in digest
    assert len(telegram.sent) == 1
    card = house.last_card(CardKind.DIGEST)
    exxon = next(button for row in buttons for button in row if "XOM" in button.label)
    opened = house.tap(card.message, "", "", data=exxon.data)
    assert opened.outcome == "opened"
    assert f"P-{records[2].id}" in house.messenger.sent[-1][0]
    assert house.tap(card.message, "ap", records[0].id).outcome == "refused"
    assert house.status(records[0]) is ProposalStatus.AWAITING


def test_what_waited_before_anybody_listened_is_asked_and_old_news_are_not_told(house, wired):
    telegram, email = Recorder(), Recorder()
    house.desk.propose(proposal("MSFT"))
    house.wait_for_answer()
    with wired(telegram=telegram, email=email):
        deliver_from(house.till)

    assert [("APPROVE?" in html) for html, _, _ in telegram.sent] == [True]
    assert email.told == []


def test_every_kind_of_news_reaches_every_channel_once(house, wired):
    email, discord = Recorder(), Recorder()
    with wired(email=email, discord=discord):
        deliver_from(house.till)
        house.desk.propose(proposal("MSFT", position_size_pct=0.06))
        house.desk.propose(proposal("BBY"))
        control.kill(house.desk.ctx, "alice", "enough")
        deliver_from(house.till)
        deliver_from(house.till)

    kinds = [notice.kind for notice in email.told]
    assert headlines(email) == headlines(discord)
    assert {NoticeKind.FILL, NoticeKind.REJECTION, NoticeKind.CONTROL, NoticeKind.LIMIT} <= set(kinds)
    assert kinds.count(NoticeKind.FILL) == 1
    limits = [headline for headline in headlines(email) if "70 %" in headline]
    assert len(limits) == len(set(limits))


def test_a_failing_channel_delays_no_other_and_is_tried_again_later(house, wired):
    broken, email = Failing(), Recorder()
    with wired(discord=broken, email=email):
        deliver_from(house.till)
        house.desk.propose(proposal("MSFT"))
        deliver_from(house.till)
        told = len(email.told)
        deliver_from(house.till)
        assert broken.tried == 1
        house.later(seconds=5)
        deliver_from(house.till)

    assert told >= 1
    assert broken.tried == 2
    assert house.ledger.outbox_waiting()["notify:discord"] == told


def test_a_channel_that_wants_us_to_wait_is_left_alone_that_long(house, wired):
    broken = Failing(Undelivered("slow down", retry_after=120.0))
    with wired(discord=broken):
        deliver_from(house.till)
        control.kill(house.desk.ctx, "alice", "enough")
        deliver_from(house.till)
        house.later(seconds=119)
        deliver_from(house.till)
        assert broken.tried == 1
        house.later(seconds=2)
        deliver_from(house.till)
        assert broken.tried == 2


def test_a_refused_message_is_parked_at_once_and_a_dead_channel_in_the_end(house, wired):
    refusing, dead = Failing(Undeliverable("no such chat")), Failing()
    with wired(discord=refusing, email=dead):
        deliver_from(house.till)
        control.kill(house.desk.ctx, "alice", "enough")
        for _ in range(MOST_ATTEMPTS + 2):
            deliver_from(house.till)
            house.later(hours=1)

    assert (refusing.tried, dead.tried) == (1, MOST_ATTEMPTS)
    parked = {item.topic: why for item, why in house.ledger.outbox_parked()}
    assert parked == {"notify:discord": "no such chat", "notify:email": "down"}


def test_a_card_whose_answer_was_lost_is_sent_again_and_only_the_second_counts(house, wired, server, messenger):
    server.fail("sendMessage", "lost")
    with wired(telegram=messenger):
        deliver_from(house.till)
        record = house.wait_for_answer()
        deliver_from(house.till)
        house.later(seconds=10)
        deliver_from(house.till)

    first, second = server.messages
    assert house.tap(first, "ap", record.id).outcome == "refused"
    assert house.tap(second, "ap", record.id).outcome == "approve"


def test_a_card_that_comes_too_late_is_not_sent(house, wired):
    telegram = Failing()
    with wired(telegram=telegram):
        deliver_from(house.till)
        record = house.wait_for_answer()
        deliver_from(house.till)
        house.ledger.finish(record.id, ProposalStatus.EXPIRED, "", house.desk.clock.now())
        healthy = Recorder()
        with wired(telegram=healthy):
            house.later(hours=2)
            deliver_from(house.till)

    assert not any("APPROVE?" in html for html, _, _ in healthy.sent)


def test_quiet_hours_hold_back_what_can_wait_and_only_that(house, monkeypatch):
    quiet = read_quiet_hours("11:00-13:00 America/New_York")
    house.announce("email", quiet=quiet)
    house.desk.propose(proposal("MSFT"))
    control.kill(house.desk.ctx, "alice", "enough")
    house.announce("email", quiet=quiet)

    now = house.ledger.claim_outbox(["notify:email"], house.wall)
    later = house.ledger.claim_outbox(["notify:email"], house.wall + timedelta(hours=2))

    assert {item.payload["notice"]["kind"] for item in now} == {"control"}
    assert "fill" in {item.payload["notice"]["kind"] for item in later}


def test_only_the_kinds_that_are_wanted_are_told(house):
    house.announce("email", kinds=[NoticeKind.BREAKER])
    house.desk.propose(proposal("MSFT"))
    house.announce("email", kinds=[NoticeKind.BREAKER])

    assert house.ledger.outbox_waiting(["notify:email", "notify:telegram"]) == {}


def test_without_a_channel_nothing_is_posted(house):
    house.till.settings.notifier = "terminal"
    house.desk.propose(proposal("MSFT"))

    assert deliver_from(house.till) == (0, 0, 0)
    assert house.ledger.outbox_waiting(["notify:email", "notify:telegram"]) == {}
