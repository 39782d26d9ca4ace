"""From news to a card, a tap, a bracket order, a fill and an edited card: model, broker and Telegram together.

The vendors are stand-ins on loopback; `pm run`, `pm settle` and the bot are processes of their own, with keys that are
marked, so that one that is told to anybody is found.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.standins.alpaca import KEY, SECRET
from tests.standins.alpaca.rig import alpaca_here
from tests.standins.chat_server import ChatServer
from tests.standins.telegram import CHAT, TOKEN, TelegramServer

PM = Path(sys.executable).with_name("pm")
NOON = datetime(2022, 11, 22, 17, 0, tzinfo=UTC)
ALICE, MALLORY = 42, 666
HEADLINE = "Refiner reports a record quarter"
SECRETS = {
    "OPENAI_API_KEY": "sk-marked-openai-key",
    "ALPACA_API_KEY": KEY,
    "ALPACA_API_SECRET": SECRET,
    "DISCORD_WEBHOOK_URL": "http://127.0.0.1:9/marked-discord-hook",
    "BRAINTRUST_API_KEY": "",
}
EVENTS = """
checked = 2022-11-20
fomc = { years = [2022, 2023], days = [2022-12-14] }
cpi = { years = [2022, 2023], days = [2022-12-13] }
jobs = { years = [2022, 2023], days = [2022-12-02] }
earnings = { years = [2022, 2023] }
"""

pytestmark = [pytest.mark.process, pytest.mark.skipif(not PM.exists(), reason="pm is not installed: run `make test`")]


class Stage:
    """Everything that takes part, and what the processes have said."""

    def __init__(self, home, alpaca, chat, telegram) -> None:
        self.home, self.alpaca, self.chat, self.telegram, self.said = home, alpaca, chat, telegram, ""

    def pm(self, *argv):
        done = subprocess.run([PM, *argv], capture_output=True, text=True, timeout=240, check=False)
        self.said += done.stdout + done.stderr
        return done

    def until(self, holds, seconds=90.0):
        end = time.monotonic() + seconds
        while not (found := holds()):
            assert time.monotonic() < end, [message["text"] for message in self.telegram.sent()]
            threading.Event().wait(0.05)
        return found


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    home = tmp_path_factory.mktemp("story") / "home"
    dates = home.parent / "dates.toml"
    dates.write_text(EVENTS, encoding="utf-8")
    patch = pytest.MonkeyPatch()
    script = {"propose": "risky_purchase"}
    with TelegramServer() as telegram, ChatServer(script=script) as chat, alpaca_here(patch, now=NOON) as alpaca:
        for name in [name for name in os.environ if name.startswith(("OPENAI_", "APCA_"))]:
            patch.delenv(name)
        given = {
            **SECRETS,
            "PM_HOME": str(home),
            "PM_CLOCK": "broker",
            "PM_ANALYST": "openai",
            "OPENAI_BASE_URL": chat.base_url,
            "PM_MODEL": "stand-in",
            "PM_BROKER": "alpaca",
            "PM_MARKET_DATA": "alpaca",
            "PM_NEWS": "alpaca",
            "PM_EVENTS": "file",
            "PM_EVENTS_FILE": str(dates),
            "PM_NOTIFIER": "telegram",
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_BASE_URL": telegram.base_url,
            "PM_TELEGRAM_CHAT_ID": str(CHAT),
            "PM_APPROVERS": f"{ALICE}:admin:alice",
        }
        for name, value in given.items():
            patch.setenv(name, value)
        alpaca.market.add_news(HEADLINE, ["XOM", "CVX", "AAPL"], NOON - timedelta(hours=1))
        yield Stage(home, alpaca, chat, telegram)
    patch.undo()


def test_from_news_to_a_fill_and_an_edited_card(stage):
    telegram, alpaca = stage.telegram, stage.alpaca
    with (stage.home.parent / "bot.out").open("w") as out:
        bot = subprocess.Popen([PM, "bot"], stdout=out, stderr=subprocess.STDOUT)
    try:
        decided = stage.pm("run", "--json")
        assert decided.returncode == 0, decided.stdout + decided.stderr
        made = json.loads(decided.stdout)
        waiting = [one for one in made["proposals"] if one["status"] == "awaiting"]
        assert len(waiting) == 1, made
        asked = waiting[0]
        card = telegram.wait_for("APPROVE?", 90)
        telegram.tap(card["message_id"], "✅ Approve", user=MALLORY)
        telegram.tap(card["message_id"], "½ Approve", user=ALICE)
        stage.until(lambda: "approved" in stage.pm("why", asked["id"], "--json").stdout)
        sent_before = [seen for seen in alpaca.sent() if seen.body["symbol"] == asked["symbol"]]
        settled = stage.pm("settle")
        stage.pm("reconcile")
        edited = stage.until(
            lambda: [m for m in telegram.sent("FILLED") if m["message_id"] == card["message_id"] and m["edits"]]
        )[0]
    finally:
        bot.send_signal(signal.SIGTERM)
        bot.wait(timeout=60)

    assert any(HEADLINE in prompt for prompt in stage.chat.prompts)
    assert asked["symbol"] in card["text"]
    assert "PAPER" in card["text"]
    assert sent_before == []
    (order,) = [seen.body for seen in alpaca.sent() if seen.body["symbol"] == asked["symbol"]]
    assert order["order_class"] in {"bracket", "oto"}
    assert float(order["stop_loss"]["stop_price"]) > 0
    assert 0 < float(order["qty"]) <= asked["quantity"] / 2
    assert settled.returncode == 0
    assert edited["buttons"] == []


def test_the_ledger_and_the_account_say_the_same(stage):
    status = json.loads(stage.pm("status", "--json").stdout)
    account = stage.alpaca.account

    assert status["cash"] == pytest.approx(float(account.cash), abs=0.01)
    assert status["positions"] == len(account.positions)
    assert (status["mismatches"], status["unknown_orders"]) == (0, 0)
    assert stage.pm("audit", "verify").returncode == 0


def test_the_stranger_s_tap_is_written_down_and_did_nothing(stage):
    shown = stage.pm("audit", "show").stdout

    assert f"{MALLORY}" in shown
    assert stage.telegram.answers


def test_no_key_is_in_any_log_error_card_prompt_or_row(stage):
    stage.pm("doctor")
    files = [path for path in stage.home.parent.rglob("*") if path.is_file()]
    texts = {
        "terminal": stage.said,
        "cards": str(stage.telegram.messages) + str(stage.telegram.answers),
        "prompts": "".join(stage.chat.prompts),
        **{str(path): path.read_bytes().decode("latin-1") for path in files},
    }

    marks = [value for value in SECRETS.values() if value and "://" not in value]
    marks += ["marked-discord-hook", TOKEN, TOKEN.partition(":")[2]]
    assert [(where, mark) for where, text in texts.items() for mark in marks if mark in text] == []
    assert len(files) >= 3
