"""`python -m tests.hostile`: lay siege with many proposals in several processes, and say how near each limit came."""

import argparse
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import structlog
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from tests.hostile.siege import Siege, besiege
from tests.standins.backends import SqliteBackend

EACH = 250
"""Proposals put to one desk; then another begins, at another date with other cash."""
MEMORY = Path("/dev/shm")


def main() -> int:
    """Show how far it is, then the figures; fail at any violation."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    parser.add_argument("--proposals", type=int, default=100_000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=10_000, help="of the first desk; each next one has the next seed")
    given = parser.parse_args()
    began, total, desks = time.monotonic(), Siege(), 0
    seeds = range(given.seed, given.seed + -(-given.proposals // EACH))
    with ProcessPoolExecutor(given.jobs, initializer=_be_quiet) as pool, _progress() as shown:
        bar = shown.add_task("", total=given.proposals, violations=0)
        for done in as_completed([pool.submit(lay_siege, seed) for seed in seeds]):
            total.add(done.result())
            desks += 1
            shown.update(bar, completed=total.proposals, violations=len(total.violations))
            if not shown.console.is_terminal and (desks % 20 == 0 or desks == len(seeds)):
                _say(f"{_far(total, desks)}, {(time.monotonic() - began) / 60:.1f} min")
            if total.violations:
                pool.shutdown(wait=False, cancel_futures=True)
                break
    minutes = (time.monotonic() - began) / 60
    each = 1_000 * total.seconds / max(total.proposals, 1)
    _say(f"{_far(total, desks)}, {minutes:.1f} min, {each:.1f} ms of processor time for each proposal")
    _say(f"statuses: {dict(total.statuses)}")
    _say(f"checks: {dict(total.counted)}")
    _say(f"closest to each hard limit: { {rule: round(float(used), 3) for rule, used in total.most.items()} }")
    for violation in total.violations:
        _say(f"violation: {violation}")
    return 0 if total.proposals >= given.proposals and not total.violations else 1


def lay_siege(seed: int) -> Siege:
    """Besiege one desk, in memory where the system has a place for that."""
    began = time.process_time()
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as home:
        done = besiege(Path(home), SqliteBackend, seed, EACH)
    done.seconds = time.process_time() - began
    return done


def _far(total: Siege, desks: int) -> str:
    return f"{total.proposals} proposals, {desks} desks, {len(total.violations)} violations"


def _progress() -> Progress:
    words = TextColumn("{task.completed} of {task.total} proposals, {task.fields[violations]} violations")
    console = Console()
    return Progress(BarColumn(), words, TimeRemainingColumn(), console=console, disable=not console.is_terminal)


def _be_quiet() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
