"""A backtest that is killed for real goes on from its ledger, and ends with the digest of one that never was."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

PM = Path(sys.executable).with_name("pm")
SPAN = ("--from", "2008-09-08", "--to", "2008-09-15", "--approver", "always", "--json")


@pytest.mark.process
@pytest.mark.skipif(not PM.exists(), reason="pm is not installed: run `make test`")
def test_killed_twice_and_resumed_it_has_the_same_digest(tmp_path):
    whole = json.loads(finish(tmp_path / "whole"))
    chance, sessions = random.Random(7), whole["sessions"]

    for _ in range(2):
        kill_in_the_middle(tmp_path / "killed", chance)
    resumed = json.loads(finish(tmp_path / "killed"))

    assert 0 < resumed["resumed_after"] < sessions
    assert resumed["ledger_digest"] == whole["ledger_digest"]
    assert resumed["performance"] == whole["performance"]
    assert whole["resumed_after"] == 0
    assert json.loads(finish(tmp_path / "killed"))["already_done"]


def finish(home: Path) -> str:
    """Run the command to its end; return what it printed."""
    done = subprocess.run([PM, "backtest", *SPAN], env=environment(home), capture_output=True, text=True, check=True)
    return done.stdout


def kill_in_the_middle(home: Path, chance: random.Random) -> None:
    """Start the command, let it write to its ledger for a moment, and kill it."""
    started = subprocess.Popen(
        [PM, "backtest", *SPAN], env=environment(home), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    before = sessions_entered(home)
    while sessions_entered(home) == before and started.poll() is None:
        time.sleep(0.01)
    time.sleep(chance.random() * 0.1)
    started.send_signal(signal.SIGKILL)
    started.wait()


def sessions_entered(home: Path) -> int:
    """How many runs its ledger has."""
    for path in home.glob("backtests/*/ledger.sqlite"):
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            return connection.execute("SELECT count(*) FROM run").fetchone()[0]
    return 0


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "PM_HOME": str(home)}
