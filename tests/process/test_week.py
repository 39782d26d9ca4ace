"""A compressed week with the processes of docker-compose.yml, the bot too: the right runs, once each, book = broker."""

import os
import sqlite3
import threading
from contextlib import contextmanager
from datetime import date

import pytest

from domain.jobs import JobStatus
from domain.records import RunStatus
from tests.process.fleet import COMPOSE, Fleet, fleet, wait_until
from tests.standins.backends import ledger_at
from tests.standins.redis import CannotStart, started_redis
from tests.standins.telegram import CHAT, TOKEN, TelegramServer
from tools.clock import ReplayClock
from tools.market_data.recorded import RecordedFeed

WEEK = [f"2017-{day}" for day in ("05-26", "05-30", "05-31", "06-01", "06-02")]
LAST = date(2017, 6, 2)
EVERY_SESSION = ("", ".equity", ".report", ".outcomes")
PATIENCE = 300.0
PACE_SECONDS = "2"
"""Between the last work of a session and the next one, so that its cards can be answered."""
ALICE, BOB = 42, 43
SERVICES = ("worker", "exits", "beat", "beat", "telegram")

pytestmark = [pytest.mark.process, pytest.mark.timeout(600)]


@pytest.fixture
def redis_server():
    try:
        with started_redis() as server:
            yield server
    except CannotStart as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"no Redis: {error}")
        pytest.skip(f"no Redis: {error}")


@pytest.fixture
def telegram():
    with TelegramServer() as server:
        yield server


@pytest.fixture
def week(postgres, redis_server, telegram, tmp_path):
    """Settings of a week that is replayed about as fast as it goes."""
    return {
        "PM_HOME": str(tmp_path / "home"),
        "PM_CACHE": str(tmp_path / "cache"),
        "PM_DATABASE_URL": postgres.url(postgres.create()),
        "PM_REDIS_URL": redis_server.url,
        "PM_PORTFOLIOS": "demo",
        "PM_REPLAY_PACE_SECONDS": PACE_SECONDS,
        "PM_REPLAY_UNTIL": LAST.isoformat(),
        "PM_TICK_SECONDS": "0.5",
        "PM_NOTIFIER": "telegram",
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_BASE_URL": telegram.base_url,
        "PM_TELEGRAM_CHAT_ID": str(CHAT),
        "PM_APPROVERS": f"{ALICE}:admin:alice,{BOB}:approver:bob",
    }


def ledger_of(week):
    return ledger_at(week["PM_DATABASE_URL"], ReplayClock(LAST, RecordedFeed().opens(LAST)))


def at_the_broker(home):
    with sqlite3.connect(f"{home}/broker.sqlite") as db:
        held = {s: float(q) for s, q in db.execute("SELECT symbol, quantity FROM holdings") if float(q)}
        ((cash,),) = db.execute("SELECT cash FROM account")
        orders = [client for (client,) in db.execute("SELECT client_order_id FROM orders")]
    return held, round(float(cash), 6), orders


@contextmanager
def people_at(telegram):
    """Two people who both approve whatever card comes, as long as the block lasts."""
    over, asked = threading.Event(), set()

    def answer():
        while not over.wait(0.1):
            for card in telegram.sent("APPROVE?"):
                if card["message_id"] not in asked and any("✅ Approve" in one["text"] for one in card["buttons"]):
                    asked.add(card["message_id"])
                    telegram.tap(card["message_id"], "✅ Approve", user=ALICE)
                    telegram.tap(card["message_id"], "✅ Approve", user=BOB)

    people = threading.Thread(target=answer)
    people.start()
    try:
        yield
    finally:
        over.set()
        people.join()


def test_a_week_of_workers_beats_and_the_bot_decides_each_session_once_and_the_book_is_the_brokers(
    week, telegram, tmp_path
):
    ledger = ledger_of(week)
    with fleet(week, tmp_path / "logs") as processes, people_at(telegram):
        for service in SERVICES:
            processes.start(service)

        over = wait_until(lambda: week_is_over(ledger), PATIENCE)

        assert over, processes.logs()
        codes = processes.stop()
    assert codes == [(service, 0) for service in SERVICES], processes.logs()
    assert [(run.slot, run.status, run.attempts) for run in sorted(ledger.runs("demo"), key=lambda run: run.slot)] == [
        (slot, RunStatus.DONE, 1) for slot in WEEK
    ]
    slots = {job.name: (job.status, job.attempts) for job in ledger.jobs("demo") if job.session}
    assert slots == {slot + kind: (JobStatus.DONE, 1) for slot in WEEK for kind in EVERY_SESSION}
    proposals = ledger.proposals("demo")
    assert len({record.batch_id for record in proposals}) == len(WEEK)
    held, cash, orders = at_the_broker(week["PM_HOME"])
    intents = [intent.client_order_id for intent in ledger.intents("demo")]
    assert sorted(orders) == sorted(intents)
    assert len(set(orders)) == len(orders) > 0
    book = ledger.book("demo", LAST, RecordedPrices())
    assert ({symbol: position.quantity for symbol, position in book.positions.items()}, round(book.cash, 6)) == (
        held,
        cash,
    )
    assert ledger.mismatches("demo") == ()
    answers = {record.id: ledger.approval(record.id, record.version) for record in proposals}
    yes = {asked: given for asked, given in answers.items() if given and given.answer == "approve"}
    assert yes, telegram.sent()
    assert {(given.by, given.channel, given.reason) for given in yes.values()} == {
        ("bob", "telegram", "two people: alice and bob")
    }
    traded = {intent.proposal_id for intent in ledger.intents("demo") if intent.filled_quantity}
    assert traded & set(yes)
    assert len([row for row in ledger.audit_rows("demo") if row.action == "tap"]) >= 2 * len(yes)
    assert sum(ledger.verify_audit().values()) > 0
    told = [process.kind for process in ledger.processes(ledger.runs("demo")[0].started_at.replace(year=2000))]
    assert {"worker", "beat"} <= set(told)
    ledger.close()


def week_is_over(ledger) -> bool:
    done = {job.name for job in ledger.jobs("demo") if job.status.is_over}
    return {slot + kind for slot in WEEK for kind in EVERY_SESSION} <= done


class RecordedPrices(dict):
    """Any price does: cash and quantities are compared."""

    def __contains__(self, symbol):
        return True

    def __missing__(self, symbol):
        return 1.0


def test_the_commands_of_compose_are_those_the_tests_start():
    assert {name for name, service in COMPOSE["services"].items() if "build" in service} == {
        "worker",
        "exits",
        "beat",
        "telegram",
    }
    assert Fleet({}, None).running == []
