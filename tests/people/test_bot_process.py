"""The bot as a process of its own: from a run to a card, a tap, an order, an edited card; killed in between."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from domain.errors import DeskError
from tests.people.conftest import ALICE, BOB, CAROL, STAFF
from tests.standins.telegram import CHAT, TOKEN, TelegramServer
from tools.clock import ReplayClock
from tools.notifiers.telegram import TelegramSettings
from workers.telegram.intake import CONFLICTS, Intake, Webhook
from workers.telegram.process import run_bot
from workers.telegram.seal import Seal

PM = Path(sys.executable).with_name("pm")
SECRETS = {"OPENAI_API_KEY": "sk-marked-openai", "SMTP_URL": "smtp://u:marked-mail-password@127.0.0.1:9"}
MARKS = (TOKEN, TOKEN.partition(":")[2], *SECRETS.values(), "marked-mail-password")
REPOSITORY = Path(__file__).parents[2]

pytestmark = [pytest.mark.process, pytest.mark.skipif(not PM.exists(), reason="pm is not installed: run `make test`")]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A home where the demo session has run, and a Telegram."""
    home = tmp_path_factory.mktemp("bot") / "home"
    with TelegramServer() as server:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("PM_", "OPENAI_"))},
            **SECRETS,
            "PM_HOME": str(home),
            "PM_NOTIFIER": "telegram",
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_BASE_URL": server.base_url,
            "PM_TELEGRAM_CHAT_ID": str(CHAT),
            "PM_APPROVERS": STAFF,
        }
        place = Place(home, server, environment)
        assert place.pm("run", "--demo").returncode == 0
        yield place


class Place:
    def __init__(self, home, server, environment) -> None:
        self.home, self.server, self.environment, self.said = home, server, environment, ""

    def pm(self, *argv: str, **more: str) -> subprocess.CompletedProcess:
        done = subprocess.run(
            [PM, *argv], env={**self.environment, **more}, capture_output=True, text=True, timeout=200, check=False
        )
        self.said += done.stdout + done.stderr
        return done

    @contextmanager
    def bot(self, stop: int = signal.SIGTERM):
        with (self.home / "bot.out").open("a") as out:
            process = subprocess.Popen([PM, "bot"], env=self.environment, stdout=out, stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            process.send_signal(stop)
            process.wait(timeout=60)

    def rows(self, query: str) -> list:
        """Look into the ledger's file."""
        with closing(sqlite3.connect(self.home / "ledger.sqlite")) as ledger:
            return ledger.execute(query).fetchall()

    def until(self, holds, seconds: float = 60.0):
        """Wait for something to hold; a process decides when."""
        end = time.monotonic() + seconds
        while not (found := holds()):
            assert time.monotonic() < end, [message["text"] for message in self.server.sent()]
            threading.Event().wait(0.05)
        return found


def test_from_a_run_to_a_card_a_tap_an_order_a_fill_and_an_edited_card(place):
    server = place.server
    with place.bot(signal.SIGKILL):
        card = server.wait_for("APPROVE?", 60)
        assert {command["command"] for command in server.commands} >= {"kill", "status", "pending"}
        place.until(lambda: place.rows("SELECT message FROM card"))

    # The bot is dead: a tap and a kill of a stranger wait at Telegram, and are carried out by the next bot.
    tap = server.tap(card["message_id"], "½ Approve", user=ALICE)
    stranger = server.say("/kill", user=666)
    with place.bot():
        prompt = server.wait_for("Second yes", 60)
        server.say("/status", user=CAROL)
        assert "ACTIVE" in server.wait_for("<b>demo</b>", 60)["text"]
        place.until(lambda: not [one for one in server.undelivered() if one["update_id"] <= stranger])
        server.say("/reject P-" + card["text"].split("P-")[1].split()[0] + " not now", user=BOB)
        edited = place.until(lambda: [m for m in server.sent("❌ REJECTED") if m["edits"]])[0]

    assert edited["message_id"] == card["message_id"]
    assert "by <b>bob</b>" in edited["text"]
    assert (edited["buttons"], prompt["asks"]) == ([], True)
    heard = place.rows("SELECT actor, action, detail FROM audit WHERE action IN ('tap', 'command')")
    assert [actor for actor, _, detail in heard if f'"update":{tap},' in detail + ","] == ["alice"]
    assert [actor for actor, _, detail in heard if f'"update":{stranger},' in detail + ","] == ["telegram:666"]
    assert place.rows("SELECT state FROM control") == [("ACTIVE",)]


def test_an_approved_proposal_trades_and_its_card_says_so(place):
    server = place.server
    (place.home / "idea.json").write_text(
        '{"symbol": "MSFT", "action": "BUY", "position_size_pct": 0.03, "reason": "see www.evil.example /kill",'
        ' "confidence": 0.7, "risk_level": "high", "expected_upside_pct": 5, "worst_case_loss_pct": 2,'
        ' "time_horizon_days": 30}'
    )
    assert place.pm("propose", str(place.home / "idea.json")).returncode == 0
    with place.bot():
        card = place.until(lambda: [m for m in server.sent("APPROVE?") if "MSFT" in m["text"]])[0]
        server.tap(card["message_id"], "✅ Approve", user=BOB)
        place.until(lambda: [m for m in server.sent("✅ APPROVED") if m["message_id"] == card["message_id"]])
        settled = place.pm("settle")
        place.until(lambda: [m for m in server.sent("✅ FILLED") if m["message_id"] == card["message_id"]])
        server.wait_for("MSFT filled at", 60)

    assert "requests carried out, 0 refused" in settled.stdout
    assert "evil.example" not in card["text"]


def test_kill_works_without_graph_model_and_redis(place):
    server = place.server
    with place.bot():
        server.say("/kill everything is on fire", user=ALICE)
        server.wait_for("HALTED", 60)

    assert place.rows("SELECT state, by FROM control") == [("HALTED", "alice")]


def test_no_secret_is_said_logged_sent_or_stored(place):
    texts = [str(place.server.messages), str(place.server.answers), place.said]
    files = [path for path in place.home.rglob("*") if path.is_file()]
    for text in (*texts, *(path.read_bytes().decode("latin-1") for path in files)):
        for mark in MARKS:
            assert mark not in text


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PM_APPROVERS", "", "PM_APPROVERS is empty"),
        ("TELEGRAM_BASE_URL", "http://example.org", "no https address"),
        ("PM_NOTIFIER", "terminal", "does not name telegram"),
        ("PM_TELEGRAM_CHAT_ID", "", "PM_TELEGRAM_CHAT_ID is missing"),
        ("PM_PORTFOLIO", "other", "other"),
    ],
)
def test_a_bot_that_is_not_set_up_does_not_start(place, monkeypatch, name, value, said):
    for variable, given in {**place.environment, name: value}.items():
        if variable.startswith(("PM_", "TELEGRAM_")):
            monkeypatch.setenv(variable, given)

    with pytest.raises(DeskError, match=said) as refusal:
        run_bot("")
    assert TOKEN not in str(refusal.value)


def test_the_bots_process_loads_no_graph_and_no_model():
    code = (
        "import sys, workers.telegram.process; print([m for m in sys.modules if m.startswith('lang') or m == 'openai'])"
    )
    said = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "[]"


class Polls:
    """Just enough of a bot to poll the stand-in in this process."""

    def __init__(self, server) -> None:
        import asyncio

        from telegram.ext import ExtBot

        from tools.notifiers.telegram import make_request

        self.problems, self.stopping, self.received = [], asyncio.Event(), []
        settings = TelegramSettings(telegram_bot_token=TOKEN, telegram_base_url=server.base_url, _env_file=None)
        requests = [make_request(server.base_url) for _ in range(2)]
        self.bot = ExtBot(
            TOKEN, base_url=f"{server.base_url}/bot", request=requests[0], get_updates_request=requests[1]
        )
        self.intake = Intake(
            self.bot,
            settings,
            Seal(TOKEN, "demo"),
            self._receive,
            self._drain,
            lambda *args: self.problems.append(args[0]),
        )

    async def _receive(self, updates):
        self.received += updates
        return True

    async def _drain(self):
        if self.received:
            self.stopping.set()


def test_a_second_poller_makes_this_one_stop_and_say_so(server, monkeypatch):
    import asyncio

    monkeypatch.setattr("workers.telegram.intake.PAUSES", (0.01, 0.01))
    server.fail("getUpdates", *["409"] * CONFLICTS)

    async def poll():
        polls = Polls(server)
        return await polls.intake.run(polls.stopping), polls.problems

    why, problems = asyncio.run(poll())

    assert "somebody else polls" in why
    assert problems == ["telegram_conflict"] * CONFLICTS


@pytest.mark.parametrize("faults", [("409",), ("500", "hang_up"), ("429:0",), ("lost",)])
def test_faults_of_telegram_lose_no_update(server, monkeypatch, faults):
    import asyncio

    monkeypatch.setattr("workers.telegram.intake.PAUSES", (0.01, 0.01))
    server.fail("getUpdates", *faults)
    number = server.say("/kill", user=ALICE)

    async def poll():
        polls = Polls(server)
        await polls.intake.run(polls.stopping)
        return polls.received

    received = asyncio.run(poll())

    assert [update_id for update_id, _ in received] == [number]
    assert server.undelivered(), "it is Telegram's until the next poll says that we have it"


@pytest.mark.parametrize(
    ("secret", "body", "status"),
    [
        ("right", b'{"update_id": 7, "message": {}}', 200),
        ("wrong", b'{"update_id": 7}', 403),
        ("", b'{"update_id": 7}', 403),
        ("right", b"[1]", 400),
        ("right", b"nonsense", 400),
        ("right", b'{"update_id": "x"}', 400),
        ("right", b'{"update_id": 8}', 503),
    ],
)
def test_a_webhook_answers_200_only_for_what_is_stored(backend, secret, body, status):
    ledger = backend.open()

    def receive(number, update):
        return number == 7 and ledger.receive_update("demo", number, update, ReplayClock.wall(None))

    with Webhook(0, "right", receive) as hook:
        request = urllib.request.Request(f"http://127.0.0.1:{hook.port}/", body, method="POST")
        request.add_header("X-Telegram-Bot-Api-Secret-Token", secret)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                answered = answer.status
        except urllib.error.HTTPError as error:
            answered = error.code

    assert answered == status
    assert len(ledger.waiting_updates("demo")) == (status == 200)
    ledger.close()
