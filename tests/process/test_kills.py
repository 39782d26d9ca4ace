"""kill -9 at node boundaries and along the money path, then start again: one order each, and the run is finished."""

import os
import shutil
import sqlite3
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from memory.ledger.store import SqlLedger
from tools.clock import ReplayClock
from tools.market_data._sp500 import load_sp500
from tools.market_data.recorded import RecordedFeed

DRIVER = Path(__file__).with_name("kill_driver.py")
SESSION = date(2017, 5, 26)
RUN = ["run", "--as-of", SESSION.isoformat(), "--json"]
KILLS_IN_TEST = 5
EVERY = 10_000

pytestmark = pytest.mark.process


def pm(home: Path, *argv: str, fatal: int = 0) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PM_HOME": str(home), "PM_CACHE": str(home.parent / "cache")}
    return subprocess.run(
        [sys.executable, str(DRIVER), str(fatal), str(home.parent / "crossings"), *argv],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def state_of(home: Path) -> dict:
    """Everything that must be the same, however often the process died; the audit chain must be unbroken."""
    feed = RecordedFeed()
    ledger = SqlLedger.open(home, ReplayClock(SESSION, feed.opens(SESSION)))
    try:
        market = feed.snapshot(load_sp500().symbols, SESSION, feed.opens(SESSION))
        book = ledger.book("demo", SESSION, {symbol: bars.price for symbol, bars in market.history.items()})
        decided = [
            (r.id, r.version, r.status, r.quantity, r.filled_quantity, r.verdict and r.verdict.results)
            for r in ledger.proposals("demo")
        ]
        orders = [(i.client_order_id, i.state, i.quantity, i.filled_quantity) for i in ledger.intents("demo")]
        unfinished = ledger.unremembered("demo")
        assert sum(ledger.verify_audit().values()) > 0
        return {
            "proposals": decided,
            "orders": orders,
            "cash": book.cash,
            "positions": book.positions,
            "reservations": book.reservations,
            "run": ledger.run("demo", SESSION.isoformat()).status,
            "waiting": [r.id for r in unfinished],
        }
    finally:
        ledger.close()


def orders_at_broker(home: Path) -> list[tuple]:
    with sqlite3.connect(home / "broker.sqlite") as db:
        return sorted(db.execute("SELECT client_order_id FROM orders"))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run that nothing disturbed, and the number of crossings on its way."""
    home = tmp_path_factory.mktemp("undisturbed") / "home"
    done = pm(home, *RUN)
    assert done.returncode == 0, done.stdout + done.stderr
    crossings = (home.parent / "crossings").read_text().splitlines()
    return home, state_of(home), len(crossings)


@pytest.fixture(scope="module")
def answered(finished, tmp_path_factory):
    """The same home after its waiting proposal was approved, undisturbed."""
    source, state, _ = finished
    home = tmp_path_factory.mktemp("approved") / "home"
    shutil.copytree(source, home)
    (waiting,) = state["waiting"]
    done = pm(home, "approve", waiting, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    crossings = (home.parent / "crossings").read_text().splitlines()
    return waiting, state_of(home), orders_at_broker(home), len(crossings)


def points(crossings: int, kills: int) -> list[int]:
    """Spread the kills evenly over the crossings, each of them once at most."""
    return sorted({1 + round(i * (crossings - 1) / max(kills - 1, 1)) for i in range(kills)})


def die_in_run_then_start_again(finished, tmp_path, kills):
    source, expected, crossings = finished
    for fatal in points(crossings, kills):
        home = tmp_path / str(fatal) / "home"
        killed = pm(home, *RUN, fatal=fatal)
        assert killed.returncode == -9, f"crossing {fatal} was not reached"

        again = pm(home, *RUN)

        assert again.returncode == 0, again.stdout + again.stderr
        assert state_of(home) == expected, f"killed at crossing {fatal}"
        assert orders_at_broker(home) == orders_at_broker(source)


def die_in_approval_then_answer_again(finished, answered, tmp_path, kills):
    source = finished[0]
    waiting, expected, orders, crossings = answered
    for fatal in points(crossings, kills):
        home = tmp_path / str(fatal) / "home"
        shutil.copytree(source, home)
        killed = pm(home, "approve", waiting, fatal=fatal)
        assert killed.returncode == -9, f"crossing {fatal} was not reached"

        pm(home, "approve", waiting)
        again = pm(home, *RUN)

        assert again.returncode == 0, again.stdout + again.stderr
        assert state_of(home) == expected, f"killed at crossing {fatal}"
        assert orders_at_broker(home) == orders


def test_a_killed_run_is_finished_by_the_next_start(finished, tmp_path):
    die_in_run_then_start_again(finished, tmp_path, KILLS_IN_TEST)


def test_a_killed_approval_is_carried_out_once(finished, answered, tmp_path):
    die_in_approval_then_answer_again(finished, answered, tmp_path, KILLS_IN_TEST)


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_a_run_survives_a_kill_at_every_crossing(finished, tmp_path):
    die_in_run_then_start_again(finished, tmp_path, EVERY)


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_an_approval_survives_a_kill_at_every_crossing(finished, answered, tmp_path):
    die_in_approval_then_answer_again(finished, answered, tmp_path, EVERY)
