"""`python -m tests.soak [PART ...]`: the full figures, part by part, each with how long it took."""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider")
BOTH_CORES = (*PYTEST, "-n", "2", "--dist")
NOTHING_COLLECTED = 5


class Part(NamedTuple):
    """One command: what follows `python`, what it shows, and what is set for it."""

    about: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = MappingProxyType({})


def marked(about: str, *where: str, dist: str = "loadfile") -> Part:
    """Make a part of the tests that are marked `soak`."""
    return Part(about, (*BOTH_CORES, dist, "-m", "soak", *where))


OF_OTHERS = tuple(f"--ignore=tests/{room}" for room in ("hostile", "process", "chaos"))
PARTS = {
    "properties": Part(
        "every property of the risk engine on 1,000 new examples",
        (
            *BOTH_CORES,
            "load",
            *(str(p.relative_to(ROOT)) for p in sorted(ROOT.glob("tests/risk_engine/test_properties*.py"))),
        ),
        {"PM_TEST_EXAMPLES": "1000"},
    ),
    "coverage": Part(
        "every branch of risk_engine, graph/gate.py and graph/execution.py",
        (
            *(*PYTEST, "tests/risk_engine", "tests/graph", "--cov-branch", "--cov-fail-under=100"),
            *(
                "--cov=risk_engine",
                "--cov=graph.gate",
                "--cov=graph.execution",
                "--cov-report=term-missing:skip-covered",
            ),
        ),
    ),
    "mutation": Part("nine of ten mutants of the risk engine die", ("-m", "tests.mutation", "--least", "0.90")),
    "forgotten": marked(
        "an engine that forgets a rule is caught by the besiegers' checker", "tests/hostile", dist="load"
    ),
    "siege": Part("100,000 hostile proposals pass no hard limit", ("-m", "tests.hostile")),
    "kills": marked("processes die at every crossing and go on", "tests/process"),
    "chaos": marked("Redis, PostgreSQL and workers die at once", "tests/chaos"),
    "rest": marked("whatever else is marked", "tests", *OF_OTHERS),
}


def main() -> int:
    """Run the parts, all of them unless some are named; print a table in the end, and fail if one failed."""
    listed = "\n".join(f"  {name:<12} {part.about}" for name, part in PARTS.items())
    parser = argparse.ArgumentParser(
        prog="python -m tests.soak",
        description=f"{__doc__}\n\nparts:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help="only these; all without one")
    wanted = parser.parse_args().parts or list(PARTS)
    unknown = [name for name in wanted if name not in PARTS]
    if unknown:
        parser.error(f"no part {unknown[0]!r}; choose from {', '.join(PARTS)}")
    lines = [_run(name, PARTS[name]) for name in wanted]
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    _say(f"\nsoak of {commit.stdout.strip() or 'an unknown commit'}, {os.cpu_count()} cores")
    for line, _ in lines:
        _say(line)
    return 0 if all(passed for _, passed in lines) else 1


def _run(name: str, part: Part) -> tuple[str, bool]:
    _say(f"\n== {name}: {part.about}")
    began = time.monotonic()
    code = subprocess.run(
        [sys.executable, *part.command], cwd=ROOT, env=os.environ | part.environment, check=False
    ).returncode
    passed = code == 0 or (code == NOTHING_COLLECTED and name == "rest")
    minutes = (time.monotonic() - began) / 60
    return f"  {name:<12} {'passed' if passed else 'FAILED'} in {minutes:6.1f} min   {part.about}", passed


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
