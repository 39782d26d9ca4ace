"""Each channel alone: what arrives, and what a failure is called."""

import socket
from datetime import UTC, datetime

import pytest
from aiosmtpd.controller import Controller
from pydantic import SecretStr

from domain.errors import BadInput, Undeliverable, Undelivered, UnknownPlugin
from domain.notices import Button, Notice, NoticeKind
from tests.standins.discord import DiscordServer
from tests.standins.telegram import CHAT, TOKEN
from tools.notifiers.discord import Discord
from tools.notifiers.email import Email
from tools.notifiers.telegram import Telegram, TelegramSettings
from workers.channels import read_channels
from workers.quiet import read_quiet_hours
from workers.settings import Settings
from workers.telegram.staff import Role, read_staff

NOTICE = Notice(
    kind=NoticeKind.FILL,
    portfolio="demo",
    headline="BUY 3 AAPL <b> *bold* @everyone",
    lines=("order pm-1", "Zeile ü 🙂"),
)
FAULTS = {"429:7": Undelivered, "500": Undelivered, "hang_up": Undelivered, "lost": Undelivered, "403": Undelivered}


class Mailbox:
    """Collects messages; refuses as told."""

    def __init__(self) -> None:
        self.got, self.answer = [], "250 OK"

    async def handle_DATA(self, _, __, envelope):  # noqa: N802 - aiosmtpd's name
        if self.answer.startswith("250"):
            self.got.append(envelope)
        return self.answer


@pytest.fixture(scope="module")
def mail():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(Mailbox(), hostname="127.0.0.1", port=port)
    controller.start()
    yield controller
    controller.stop()


def email_to(mail, to="owner@example.org") -> Email:
    return Email(SecretStr(f"smtp://127.0.0.1:{mail.port}"), to)


def test_a_mail_is_plain_text_with_the_headline_as_its_subject(mail):
    email_to(mail, "owner@example.org, other@example.org").tell(NOTICE)

    (envelope,) = mail.handler.got
    text = envelope.content.decode()
    assert envelope.rcpt_tos == ["owner@example.org", "other@example.org"]
    assert "Subject: [PAPER demo] BUY 3 AAPL <b> *bold* @everyone" in text
    mail.handler.got.clear()


@pytest.mark.parametrize(("answer", "error"), [("451 busy", Undelivered), ("550 never", Undeliverable)])
def test_a_mail_servers_no_is_for_now_or_for_good(mail, answer, error):
    mail.handler.answer = answer
    with pytest.raises(error, match=answer[:3]):
        email_to(mail).tell(NOTICE)
    mail.handler.answer = "250 OK"


def test_a_mail_server_that_is_not_there_may_come_back():
    with pytest.raises(Undelivered):
        Email(SecretStr("smtp://127.0.0.1:9"), "a@example.org").tell(NOTICE)


def test_discord_gets_text_that_calls_nobody():
    with DiscordServer() as server:
        Discord(SecretStr(server.url)).tell(NOTICE)

    (body,) = server.posted
    assert body["allowed_mentions"] == {"parse": []}
    assert "\\*bold\\* \\@everyone" in body["content"]
    assert "PAPER" in body["content"]


@pytest.mark.parametrize(
    ("status", "error", "wait"), [(429, Undelivered, 7.5), (502, Undelivered, None), (404, Undeliverable, None)]
)
def test_discords_no_is_for_now_or_for_good(status, error, wait):
    with DiscordServer(status) as server, pytest.raises(error) as refusal:
        Discord(SecretStr(server.url)).tell(NOTICE)

    assert getattr(refusal.value, "retry_after", None) == wait
    assert "secret-of-discord" not in str(refusal.value)


def test_the_doctor_asks_each_channel_and_sends_nothing(mail, server, messenger):
    assert messenger.examine()[0].found == f"@desk_bot writes to chat {CHAT} (supergroup)"
    assert "owner@example.org" in email_to(mail).examine()[0].found
    assert (server.messages, mail.handler.got) == ({}, [])


def test_telegram_sends_edits_and_takes_an_unchanged_edit_for_done(server, messenger):
    number = messenger.send(CHAT, "<b>a</b>", [[Button(label="Yes", data="v1:x", danger=True)]])
    messenger.edit(CHAT, number, "<b>b</b>")
    messenger.edit(CHAT, number, "<b>b</b>")
    messenger.tell(NOTICE)

    assert server.messages[number]["text"] == "<b>b</b>"
    assert server.messages[number]["buttons"] == []
    assert "BUY 3 AAPL &lt;b&gt;" in server.messages[2]["text"]


@pytest.mark.parametrize(("mode", "error"), FAULTS.items())
def test_telegrams_failures_may_pass_and_never_show_the_token(server, messenger, mode, error):
    server.fail("sendMessage", mode)

    with pytest.raises(error) as refusal:
        messenger.tell(NOTICE)

    assert refusal.value.retry_after == {"429:7": 7.0, "403": 300.0}.get(mode)
    assert TOKEN not in str(refusal.value)
    assert len(server.messages) == (mode == "lost")


def test_what_telegram_refuses_for_good_is_told_so(server, messenger):
    with pytest.raises(Undeliverable):
        messenger.send(CHAT, "🙂" * 2_049)
    with pytest.raises(Undeliverable):
        messenger.send(-5, "x")
    with pytest.raises(ValueError, match="64 bytes"):
        messenger.send(CHAT, "x", [[Button(label="x", data="x" * 65)]])


def test_a_token_travels_over_https_or_to_this_machine_only():
    settings = TelegramSettings(telegram_bot_token=TOKEN, telegram_base_url="http://evil.example", _env_file=None)

    with pytest.raises(BadInput, match="https"):
        settings.base_url  # noqa: B018 - reading it is the test
    assert TOKEN not in repr(settings)
    with pytest.raises(BadInput, match="TELEGRAM_BOT_TOKEN"):
        Telegram(TelegramSettings(pm_telegram_chat_id=1, _env_file=None))


def test_people_are_read_with_their_roles():
    staff = read_staff("42:admin:alice, 43:viewer")

    assert (staff[42].role, staff[42].name, staff[43].role, staff[43].name) == (Role.ADMIN, "alice", Role.VIEWER, "43")


@pytest.mark.parametrize(
    "text", ["", " , ", "42", "42:boss", "alice:admin", "-4:admin", "42:admin,42:viewer", "1:admin:x,2:admin:x"]
)
def test_a_list_of_people_that_can_not_be_read_stops_the_start(text):
    with pytest.raises(BadInput, match="PM_APPROVERS"):
        read_staff(text)


@pytest.mark.parametrize(
    ("text", "at", "released"),
    [
        ("22:00-07:00 UTC", datetime(2026, 3, 2, 21, 59, tzinfo=UTC), datetime(2026, 3, 2, 21, 59, tzinfo=UTC)),
        ("22:00-07:00 UTC", datetime(2026, 3, 2, 23, 0, tzinfo=UTC), datetime(2026, 3, 3, 7, 0, tzinfo=UTC)),
        ("22:00-07:00 UTC", datetime(2026, 3, 3, 6, 59, tzinfo=UTC), datetime(2026, 3, 3, 7, 0, tzinfo=UTC)),
        ("12:00-13:00 UTC", datetime(2026, 3, 3, 12, 30, tzinfo=UTC), datetime(2026, 3, 3, 13, 0, tzinfo=UTC)),
        ("22:00-07:00", datetime(2026, 3, 3, 4, 0, tzinfo=UTC), datetime(2026, 3, 3, 12, 0, tzinfo=UTC)),
    ],
)
def test_quiet_hours_end_in_the_morning(text, at, released):
    assert read_quiet_hours(text).release(at) == released


@pytest.mark.parametrize("text", ["22-", "nonsense", "22:00-22:00", "25:00-07:00", "22:00-07:00 Mars/Base"])
def test_quiet_hours_that_can_not_be_read_say_how(text):
    with pytest.raises(BadInput, match="PM_QUIET_HOURS"):
        read_quiet_hours(text)


def test_channels_are_those_that_are_named_or_set_up(monkeypatch):
    monkeypatch.setenv("DISCORD_WEBHOOK_URL", "https://discord.example/x")
    found = read_channels(Settings(notifier="telegram", alerts="fill, breaker", _env_file=None), "demo")

    assert found.names == ("telegram", "discord")
    assert found.asks
    assert not read_channels(Settings(notifier="telegram", _env_file=None), "other").asks
    assert found.kinds == {NoticeKind.FILL, NoticeKind.BREAKER}
    monkeypatch.delenv("DISCORD_WEBHOOK_URL")
    assert read_channels(Settings(_env_file=None), "demo").names == ()
    with pytest.raises(UnknownPlugin):
        read_channels(Settings(notifier="pigeon", _env_file=None), "demo")
    with pytest.raises(BadInput, match="PM_ALERTS"):
        read_channels(Settings(alerts="gossip", _env_file=None), "demo")
