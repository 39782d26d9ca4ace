"""`pm simulate`: what a person sees, and the same day again in another process."""

import json
import re
import subprocess
import sys

import pytest

from workers.cli.app import run
from workers.simulation.seed import run_seed

SEED = 2


def test_the_end_says_seeds_violations_counts_and_seconds(capsys):
    assert run(["simulate", "--seed", str(SEED), "--json"]) == 0

    said = json.loads(capsys.readouterr().out)
    assert (said["seeds"], said["violations"]) == (1, [])
    assert said["counted"]
    assert said["seconds"] > 0.0


def test_a_failing_seed_says_how_to_see_it_again_and_its_trace_tells_the_day_line_by_line(capsys):
    assert run(["simulate", "--seeds", "20", "--mutant", "random-id"]) == 1

    said = capsys.readouterr().out
    again = re.search(r"simulate (--seed \d+ --trace --mutant random-id)", said)
    assert "I2 at " in said
    assert again is not None

    assert run(["simulate", *again[1].split()]) == 1

    lines = capsys.readouterr().out.splitlines()
    assert "seed: " in lines[0]
    assert any("POST pm-random-0" in line for line in lines)
    assert any("VIOLATION: I2" in line for line in lines)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--trace"], "--trace needs --seed"),
        (["--seeds", "0"], "not between 1 and"),
        (["--mutant", "nonsense"], "unknown mutant 'nonsense'"),
    ],
)
def test_what_can_not_be_simulated_is_refused_with_a_remedy(arguments, said, capsys):
    assert run(["simulate", *arguments]) == 1
    assert said in capsys.readouterr().err


def test_mutant_list_names_all_thirteen(capsys):
    assert run(["simulate", "--mutant", "list"]) == 0
    assert len(capsys.readouterr().out.split()) == 13


@pytest.mark.process
def test_the_same_seed_leaves_the_same_trace_in_another_process_with_other_hashes():
    program = f"from workers.simulation.seed import run_seed; print(run_seed({SEED}).trace_hash)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONHASHSEED": "77", "PYTHONPATH": ".", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == run_seed(SEED).trace_hash
