"""The full figures of the risk engine: every property on 1,000 examples, and the mutation score."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def output_of(*command, **environment):
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_every_property_holds_for_a_thousand_examples():
    files = sorted(str(path.relative_to(ROOT)) for path in Path(__file__).parent.glob("test_properties*.py"))

    code, said = output_of(
        "-m", "pytest", "-q", "-p", "no:xdist", "-o", "timeout=3600", *files, PM_TEST_EXAMPLES="1000"
    )

    assert code == 0, said[-4000:]


@pytest.mark.soak
@pytest.mark.timeout(3 * 3600)
def test_nine_of_ten_mutants_are_killed():
    code, said = output_of("-m", "tests.mutation", "--least", "0.90")

    assert code == 0, said[-8000:]
