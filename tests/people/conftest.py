"""A desk with people: real ledger, gate and simulated broker, the bot's counter, and Telegram's stand-in."""

import itertools
import json
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.people import CardKind, StoredUpdate
from domain.records import ProposalStatus
from tests.graph.conftest import demo_mandate, open_desk, proposal
from tests.standins.telegram import CHAT, TOKEN, TelegramServer, person
from tools.notifiers.telegram import Telegram, TelegramSettings
from workers.channels import Channels
from workers.delivery import announce
from workers.sending import post
from workers.settings import Settings
from workers.telegram.counter import Counter
from workers.telegram.desk import Desk as Counted
from workers.telegram.seal import Seal
from workers.telegram.staff import read_staff
from workers.till import OpenTill

ALICE, BOB, CAROL, MALLORY = 42, 43, 44, 666
STAFF = f"{ALICE}:admin:alice,{BOB}:approver:bob,{CAROL}:viewer:carol"
NOON = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)


class Recorder:
    """A messenger that keeps what it is told; implements `domain.notices.Messenger`."""

    name = "telegram"
    chat = CHAT
    secret = TOKEN

    def __init__(self):
        self.sent, self.edited, self.told = [], [], []

    def tell(self, notice):
        self.told.append(notice)

    def send(self, chat, html, buttons=(), prompt_of=None):
        self.sent.append((html, buttons, prompt_of))
        return len(self.sent)

    def edit(self, chat, message, html, buttons=()):
        self.edited.append((message, html, buttons))


class House:
    """One portfolio, its people, and a wall clock that moves when told."""

    def __init__(self, desk, home: Path) -> None:
        self.desk, self.ledger, self.name = desk, desk.ledger, desk.mandate.name
        self.wall = NOON
        desk.clock.wall = lambda: self.wall
        settings = Settings(home=home, notifier="telegram", _env_file=None)
        self.till = OpenTill(desk.mandate, desk.clock, desk.ledger, settings, desk.feed)
        self.till.__dict__["broker"] = desk.broker
        self.seal = Seal(TOKEN, self.name)
        self.counter = Counter(read_staff(STAFF), self.seal, CHAT)
        self.messenger = Recorder()
        self.numbers = itertools.count(1)

    def later(self, **delta) -> None:
        self.wall += timedelta(**delta)

    def wait_for_answer(self, symbol: str = "AAPL", share: float = 0.03, **fields):
        """A proposal that waits because it calls its own risk high."""
        (record,) = self.desk.propose(proposal(symbol, position_size_pct=share, risk_level="high", **fields))
        assert record.status is ProposalStatus.AWAITING, (record.status, record.verdict.breached)
        return record

    def card(self, record) -> int:
        """Put the card up; returns its message."""
        desk = Counted(self.till, {}, self.seal, CHAT)
        return post(self.messenger, self.ledger, self.name, CHAT, desk.send_card(record), self.wall)

    def tap(self, message: int, act: str, subject: str, version: int = 1, *, user: int = ALICE, data="", **fields):
        pressed = data or self.seal.data(act, subject, version)
        chat = {"id": fields.pop("chat", CHAT), "type": "supergroup"}
        query = {"id": "q", "from": person(user), "data": pressed, "chat_instance": "1"}
        query["message"] = {"message_id": message, "date": 1, "chat": chat, "text": "x", **fields.pop("under", {})}
        number = fields.pop("number", None)
        return self.carry_out({"callback_query": {**query, **fields}}, number)

    def say(self, text: str, *, user: int = ALICE, reply_to: int | None = None, age: float = 0.0, **fields):
        body = {
            "message_id": 10_000,
            "date": int((self.wall - timedelta(seconds=age)).timestamp()),
            "chat": {"id": fields.pop("chat", CHAT), "type": "supergroup"},
            "from": person(user),
            "text": text,
        }
        if reply_to is not None:
            body["reply_to_message"] = {"message_id": reply_to, "date": 1, "chat": body["chat"]}
        return self.carry_out({fields.pop("kind", "message"): {**body, **fields}})

    def carry_out(self, body, number: int | None = None):
        update = StoredUpdate(
            portfolio=self.name,
            update_id=number or next(self.numbers),
            body=json.loads(json.dumps(body)),
            received_at=self.wall,
        )
        self.ledger.receive_update(self.name, update.update_id, update.body, self.wall)
        handled = self.counter.carry_out(self.till, update)
        for send in handled.response.sends:
            post(self.messenger, self.ledger, self.name, CHAT, send, self.wall)
        return handled.response

    def last_card(self, kind: CardKind):
        return [card for card in self.ledger.cards(self.name) if card.kind is kind][-1]

    def press_last(self, act: str = "cf", *, user: int = ALICE):
        """Press a button of the newest confirmation."""
        card = self.last_card(CardKind.CONFIRM)
        return self.tap(card.message, act, card.subject, card.version, user=user)

    def reply_last(self, text: str, *, user: int = ALICE):
        return self.say(text, user=user, reply_to=self.last_card(CardKind.PROMPT).message)

    def status(self, record) -> ProposalStatus:
        return self.ledger.proposal(record.id).status

    def rows(self, *actions: str):
        return [row for row in self.ledger.audit_rows(self.name) if row.action in actions]

    def announce(self, *names: str, **fields) -> None:
        announce(self.ledger, self.desk.clock, self.name, channels(*names, **fields))


def channels(*names: str, kinds=None, quiet=None) -> Channels:
    from domain.notices import NoticeKind

    return Channels(
        names or ("telegram",), frozenset(kinds or NoticeKind), quiet, "telegram" in (names or ("telegram",))
    )


@contextmanager
def open_house(home: Path, **options):
    with open_desk(home, **options) as desk:
        yield House(desk, home)


@pytest.fixture
def house(tmp_path):
    """One approver in the mandate: the single operator."""
    with open_house(tmp_path / "home") as made:
        yield made


@pytest.fixture
def pair(tmp_path):
    """Two approvers in the mandate."""
    with open_house(tmp_path / "home", mandate=demo_mandate(approvers=("alice", "bob"))) as made:
        yield made


@pytest.fixture
def server():
    with TelegramServer() as made:
        yield made


@pytest.fixture
def messenger(server):
    settings = {"telegram_bot_token": TOKEN, "telegram_base_url": server.base_url, "pm_telegram_chat_id": CHAT}
    return Telegram(TelegramSettings(**settings, _env_file=None))
