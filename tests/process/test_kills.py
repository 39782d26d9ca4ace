"""kill -9 at node boundaries and along the money path, then start again: one order each, and the run is finished."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

DRIVER = Path(__file__).with_name("kill_driver.py")
SESSION = "2017-05-26"
RUN = ["run", "--as-of", SESSION, "--json"]
KILLS_IN_TEST = 5
KILLS_IN_SOAK = 100

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
    """Everything that must be the same, however often the process died."""
    run = json.loads(pm(home, "report", "--json").stdout)
    positions = json.loads(pm(home, "positions", "--json").stdout)
    decided = [
        {key: p[key] for key in ("id", "decision", "status", "quantity", "filled_quantity", "rules", "version")}
        for p in run["proposals"]
    ]
    return {"proposals": decided, "orders": run["orders"], "status": run["status"], "positions": positions}


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
    waiting = next(p["id"] for p in state["proposals"] if p["status"] == "awaiting")
    done = pm(home, "approve", waiting, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    crossings = (home.parent / "crossings").read_text().splitlines()
    return waiting, state_of(home), orders_at_broker(home), len(crossings)


def points(crossings: int, kills: int) -> list[int]:
    """Spread the kills evenly over the crossings."""
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
        assert pm(home, "audit", "verify").returncode == 0


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
        assert pm(home, "audit", "verify").returncode == 0


def test_a_killed_run_is_finished_by_the_next_start(finished, tmp_path):
    die_in_run_then_start_again(finished, tmp_path, KILLS_IN_TEST)


def test_a_killed_approval_is_carried_out_once(finished, answered, tmp_path):
    die_in_approval_then_answer_again(finished, answered, tmp_path, KILLS_IN_TEST)


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_a_hundred_kills_of_a_run_lose_and_double_nothing(finished, tmp_path):
    die_in_run_then_start_again(finished, tmp_path, KILLS_IN_SOAK)


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_a_hundred_kills_of_an_approval_lose_and_double_nothing(finished, answered, tmp_path):
    die_in_approval_then_answer_again(finished, answered, tmp_path, KILLS_IN_SOAK)
