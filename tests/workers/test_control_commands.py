"""The commands that stop, resume and fund the desk: what a person reads, and what scripts rely on."""

import json
import os
import signal
import subprocess
import sys
from datetime import timedelta

import pytest

from tests.workers.conftest import REPOSITORY
from tools.clock import ReplayClock

CONTROL = {"control", "epoch", "cause", "reason", "by", "since"}
KILLED_BEFORE = """
import os, signal, sys
from memory.ledger.store import SqlLedger
from tools.brokers.simulated import SimulatedBroker
from workers.cli.app import run

def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

owner, name, argv = {"ledger": SqlLedger, "broker": SimulatedBroker}[sys.argv[1]], sys.argv[2], sys.argv[3:]
setattr(owner, name, die)
sys.exit(run(argv))
"""


def struck(pm, owner, method, *argv):
    """Run `pm` in a process of its own that SIGKILLs itself where it would call `method`."""
    ran = subprocess.run(
        [sys.executable, "-c", KILLED_BEFORE, owner, method, *argv],
        cwd=REPOSITORY,
        env={**os.environ, "PM_HOME": str(pm.home)},
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == -signal.SIGKILL, ran.stderr.decode()


def test_kill_halts_and_status_says_why(demo):
    told = demo.json("kill", "--reason", "the feed looks odd")
    status = demo("status")

    assert set(told) == CONTROL | {"cancelled", "not_cancelled"}
    assert (told["control"], told["by"], told["since"]) == ("HALTED", "local", "2017-05-26")
    assert "HALTED: the feed looks odd (local, since 2017-05-26)" in status.out
    assert demo.json("status")["control_reason"] == "the feed looks odd"


def test_kill_needs_no_model(demo, monkeypatch):
    monkeypatch.setenv("PM_ANALYST", "openai")

    assert demo.json("kill")["control"] == "HALTED"


def test_kill_writes_its_row_also_when_the_broker_cannot_be_reached(demo, monkeypatch):
    monkeypatch.setenv("PM_SIM_HALF_SPREAD_BPS", "nonsense")

    assert demo("kill").code == 0
    monkeypatch.delenv("PM_SIM_HALF_SPREAD_BPS")
    assert demo.json("status")["control"] == "HALTED"


def test_a_portfolio_that_never_ran_cannot_be_stopped(fresh):
    for command in ("kill", "pause"):
        assert "never run" in fresh(command).refused()


def test_a_killed_desk_trades_nothing_of_a_person_or_a_run(demo, proposals):
    demo("kill")

    (put_in,) = demo.json("propose", proposals({"symbol": "JPM"}))
    run = demo.json("run")

    assert put_in["decision"] == "halt"
    assert {p["decision"] for p in run["proposals"]} <= {"halt", "none"}
    assert run["orders"] == []


def test_pause_and_resume(demo):
    assert demo.json("pause")["control"] == "REDUCING"
    refusal = demo("resume").refused()
    resumed = demo.json("resume", "--confirm", "resume demo")

    assert 'add --confirm "resume demo"' in refusal
    assert (resumed["control"], resumed["done"], resumed["operator"]) == ("ACTIVE", True, "single operator")
    assert "ACTIVE already" in demo("resume", "--confirm", "resume demo").refused()


def test_pause_does_not_loosen_a_halt(demo):
    demo("kill")

    assert "stricter than a pause" in demo("pause").refused()


def test_leaving_halted_asks_twice_a_minute_apart(demo, monkeypatch):
    demo("kill")
    first = demo("resume")
    asked = demo.json("resume", "--confirm", "resume demo")
    wall = ReplayClock.wall
    monkeypatch.setattr(ReplayClock, "wall", lambda self: wall(self) + timedelta(seconds=61))
    done = demo.json("resume", "--confirm", "resume demo")

    assert 'resume --confirm "resume demo"' in first.out
    assert (asked["control"], asked["done"]) == ("HALTED", False)
    assert asked["not_before"] < asked["until"]
    assert (done["control"], done["done"]) == ("ACTIVE", True)
    status = demo.json("status")
    assert status["reference_high"] == pytest.approx(status["unit_value"], abs=1e-6)


def test_flatten_wants_a_phrase_twice_and_sells_everything_also_when_halted(demo, monkeypatch):
    assert demo.json("positions")["positions"]
    demo("kill")

    assert 'add --confirm "flatten demo"' in demo("flatten").refused()
    asked = demo.json("flatten", "--confirm", "flatten demo")
    again = demo("flatten", "--confirm", "flatten demo")
    still = demo.json("positions")["positions"]
    wall = ReplayClock.wall
    monkeypatch.setattr(ReplayClock, "wall", lambda self: wall(self) + timedelta(seconds=61))
    sold = demo.json("flatten", "--confirm", "flatten demo")

    assert (asked["done"], asked["operator"], bool(still)) == (False, "single operator", True)
    assert "asked to flatten; confirm from" in again.out
    assert {(p["origin"], p["status"]) for p in sold} == {("flatten", "done")}
    assert all("(single operator)" in p["reason"] for p in sold)
    assert demo.json("positions")["positions"] == []
    assert "nothing is held" in demo("flatten", "--confirm", "flatten demo").out


def test_deposit_and_withdraw_change_cash_and_no_unit_value(demo):
    before = demo.json("status")

    told = demo.json("deposit", "5000")
    demo.json("withdraw", "1000.50", "--key", "rent")
    demo.json("withdraw", "1000.50", "--key", "rent")

    after = demo.json("status")
    assert set(told) == {"kind", "amount", "units", "session", "key"}
    assert after["cash"] == pytest.approx(before["cash"] + 3999.50)
    assert after["unit_value"] == before["unit_value"]
    assert (after["control"], after["mismatches"]) == ("ACTIVE", 0)


@pytest.mark.parametrize("amount", ["0", "abc", "NaN", "1e400", "0.001", "99999999"])
def test_what_cannot_be_moved_is_refused_and_nothing_changes(demo, amount):
    before = demo.state()

    demo("withdraw", amount).refused()

    assert demo.state() == before


def test_a_reason_is_one_readable_line(demo):
    assert "printable" in demo("kill", "--reason", "x" * 301).refused()
    assert demo.json("status")["control"] == "ACTIVE"


@pytest.mark.parametrize("command", ["kill", "pause", "resume", "flatten", "deposit", "withdraw"])
def test_help_teaches(fresh, command):
    told = fresh(command, "--help")

    assert told.code == 0
    assert len(told.out.splitlines()) >= 8


@pytest.mark.process
@pytest.mark.parametrize("command", ["deposit", "withdraw"])
def test_money_struck_by_sigkill_between_broker_and_ledger_moves_once(demo, command):
    before = demo.json("status")["cash"]
    struck(demo, "ledger", "flow", command, "1000")
    assert demo.json("status")["cash"] == before

    demo.json(command, "1000")

    after = demo.json("status")
    assert abs(after["cash"] - before) == 1000
    demo("run")
    assert demo.json("status")["mismatches"] == 0


@pytest.mark.process
def test_a_sigkill_before_the_row_leaves_the_desk_active_and_one_after_leaves_it_halted(demo):
    struck(demo, "ledger", "set_control", "kill")
    assert demo.json("status")["control"] == "ACTIVE"

    struck(demo, "ledger", "intents", "kill")
    assert demo.json("status")["control"] == "HALTED"
    assert demo.json("kill")["epoch"] == 1
    assert json.loads(demo("audit", "verify", "--json").out)["valid"]
