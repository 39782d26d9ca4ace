"""The emergency stop with Redis and workers dead: halted, entries cancelled, and nothing is sent first afterwards.

`pytest tests/process/test_kill_path.py -s` shows after how many seconds.
"""

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from domain.book import ControlState
from domain.orders import IntentState
from domain.proposal import Origin
from graph import execution
from graph.batches import Draft, add_proposals
from graph.intents import build_intent
from graph.views import market_now
from tests.graph.conftest import proposal
from tests.process.fleet import PM, wait_until
from tests.standins.telegram import CHAT, TOKEN, TelegramServer
from workers.carry import Outcome, carry_out
from workers.desks import Desks
from workers.planner import Planner
from workers.settings import Settings

NOBODY = "redis://127.0.0.1:1/0"
FILLED_AT_ONCE = "1000"
"""Dollars of an order that the simulated broker fills at one close; the rest of it rests."""
ALICE = 42
PATIENCE = 30.0
"""Seconds after which a stop has failed; what it takes is printed, and written down in docs/reliability.md."""
OFTEN = 0.005

pytestmark = pytest.mark.process


@pytest.fixture
def telegram():
    with TelegramServer() as server:
        yield server


@pytest.fixture(params=["files", "postgres"])
def dead_fleet(request, tmp_path, telegram, monkeypatch):
    """A portfolio with one entry that rests at the broker and one promised but not sent; nobody else lives."""
    environment = {
        "PM_HOME": str(tmp_path / "home"),
        "PM_CACHE": str(tmp_path / "cache"),
        "PM_REDIS_URL": NOBODY,
        "PM_PORTFOLIOS": "demo",
        "PM_REPLAY_UNTIL": "2017-05-25",
        "PM_SIM_MAX_FILL_NOTIONAL": FILLED_AT_ONCE,
        "PM_NOTIFIER": "telegram",
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_BASE_URL": telegram.base_url,
        "PM_TELEGRAM_CHAT_ID": str(CHAT),
        "PM_APPROVERS": f"{ALICE}:admin:alice",
    }
    if request.param == "postgres":
        postgres = request.getfixturevalue("postgres")
        environment["PM_DATABASE_URL"] = postgres.url(postgres.create())
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with Desks(Settings(_env_file=None)) as desks:
        yield desks


def resting_and_promised(desks):
    wired = desks.of("demo", enters=True)
    ctx = wired.ctx
    wired.runner.enter()
    market = market_now(ctx)
    for name, symbol in (("rests", "MSFT"), ("promised", "JPM")):
        add_proposals(ctx, name, None, market, [Draft(Origin.PERSON, proposal(symbol, position_size_pct=0.03))])
    first, second = (ctx.ledger.proposals("demo", batch_id=name)[0] for name in ("rests", "promised"))
    wired.runner.advance(first.id)
    # The process died here: judged and promised, not sent.
    ctx.gate.assess(second.id)
    ctx.ledger.commit_intent(build_intent(ctx, ctx.ledger.proposal(second.id)))
    return first, second


@contextmanager
def by_command(_):
    """Stop the desk with `pm kill`: from before the process is started."""
    begun = []
    yield lambda: begun.append(subprocess.Popen([PM, "kill", "--portfolio", "demo", "--reason", "fire"]))
    assert begun[0].wait(PATIENCE) == 0


@contextmanager
def by_message(telegram):
    """Stop the desk with /kill: from the moment Telegram has the message; the bot listens already."""
    bot = subprocess.Popen([PM, "bot"])
    try:
        assert wait_until(lambda: telegram.commands, PATIENCE)
        yield lambda: telegram.say("/kill fire", user=ALICE)
        telegram.wait_for("HALTED", PATIENCE)
    finally:
        bot.terminate()
        assert bot.wait(PATIENCE) == 0


@pytest.mark.parametrize("how", [by_command, by_message])
def test_kill_needs_neither_redis_nor_workers_and_nothing_is_sent_first_afterwards(dead_fleet, telegram, how):
    desks = dead_fleet
    first, second = resting_and_promised(desks)
    states = {i.proposal_id: i.state for i in desks.ledger.intents("demo")}
    assert states == {first.id: IntentState.PARTIAL, second.id: IntentState.PENDING}
    broker = desks.of("demo").ctx.broker

    with how(telegram) as kill:
        begun = time.monotonic()
        kill()
        halted = wait_until(lambda: is_halted(desks) and time.monotonic(), PATIENCE, OFTEN)
        cancelled = wait_until(lambda: not broker.open_orders() and time.monotonic(), PATIENCE, OFTEN)

    assert halted
    assert cancelled
    sys.stdout.write(
        f"{how.__name__}: halted after {halted - begun:.2f} s, cancelled after {cancelled - begun:.2f} s\n"
    )
    assert is_halted(desks)
    (at_broker,) = [i for i in desks.ledger.intents("demo") if i.proposal_id == first.id]
    assert broker.find(at_broker.client_order_id).status.value == "canceled"
    # The workers come back and do all they can.
    for call in [*Planner(desks).unfinished(), *Planner(desks).everyone("reconcile")]:
        assert carry_out(desks, *call) in {Outcome.DONE, Outcome.OVER}
    promised = next(i for i in desks.ledger.intents("demo") if i.proposal_id == second.id)
    assert promised.state is IntentState.REJECTED
    assert "HALTED" in promised.problem
    assert broker.find(promised.client_order_id) is None
    assert execution.reconcile(desks.of("demo").ctx) == 0


def is_halted(desks) -> bool:
    return desks.ledger.control("demo").state is ControlState.HALTED


def test_halting_takes_one_row_and_cancelling_follows_it(dead_fleet):
    desks = dead_fleet
    resting_and_promised(desks)
    begun = datetime.now(UTC)

    subprocess.run([PM, "kill", "--portfolio", "demo"], env={**os.environ}, capture_output=True, check=True)

    rows = [row for row in desks.ledger.audit_rows("demo") if row.at >= begun]
    assert rows[0].action == "control_changed"
    assert rows[0].subject == "HALTED"
