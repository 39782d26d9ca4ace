"""Real processes: many first starts at once, the same slot from eight, and the story through `.venv/bin/pm`."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PM = Path(sys.executable).with_name("pm")
FIRST_STARTS = 30
RUNNERS = 8

pytestmark = [pytest.mark.process, pytest.mark.skipif(not PM.exists(), reason="pm is not installed: run `make test`")]


def start(home: Path, *argv: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PM_HOME": str(home)}
    return subprocess.Popen(
        [str(PM), *argv],
        env=environment,
        cwd=home.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=200)
    assert "Traceback" not in out + err
    return process.returncode, out, err


def test_thirty_simultaneous_first_starts_all_work_on_one_empty_home(home_at, tmp_path):
    home = tmp_path / "home"
    started = [start(home, *("positions" if i % 2 else "status",), "--json") for i in range(FIRST_STARTS)]

    ended = [finish(process) for process in started]

    assert [code for code, _, _ in ended] == [0] * FIRST_STARTS, [out + err for code, out, err in ended if code]
    assert {json.loads(out)["cash"] for _, out, _ in ended} == {100_000}
    assert home_at(home).json("audit", "verify")["rows"]["demo"] == 1


def test_eight_simultaneous_runs_of_a_slot_make_one_run_with_one_order_each(home_at, demo_home, tmp_path):
    home = tmp_path / "home"
    started = [start(home, "run", "--as-of", "2017-05-26", "--json") for _ in range(RUNNERS)]

    ended = [finish(process) for process in started]

    told = [json.loads(out) for _, out, _ in ended]
    assert [run.get("already_done") for run in told].count(False) == 1
    for code, run in zip((code for code, _, _ in ended), told, strict=True):
        assert code == 0 or "busy" in run["error"]
    assert home_at(home).json("orders") == home_at(demo_home).json("orders")
    assert home_at(home).json("positions") == home_at(demo_home).json("positions")


def test_the_story_works_from_one_process_to_the_next(demo_home, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(demo_home, home)
    code, card, _ = finish(start(home, "pending"))
    line = re.search(rf"{re.escape(str(PM))} approve P-\w+", card)

    assert code == 0
    assert line, card
    approved = finish(start(home, *shlex.split(line.group())[1:]))
    assert approved[0] == 0, approved
    held = json.loads(finish(start(home, "positions", "--json"))[1])
    assert "AMD" in {position["symbol"] for position in held["positions"]}
    assert "filled" in finish(start(home, "why", line.group().split()[-1]))[1]


def test_a_reader_that_stops_reading_gets_no_complaint(demo_home, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(demo_home, home)
    process = start(home, "report", "--json")
    process.stdout.close()

    assert process.stderr.read() == ""
    process.wait(timeout=60)
