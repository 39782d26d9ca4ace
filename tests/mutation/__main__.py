"""`python -m tests.mutation [--rule NAME]`: how many mutants of the risk engine its tests kill, and which live."""

import argparse
import sys
from collections import Counter

from tests.mutation.run import fates, files


def main() -> int:
    """Print a line a file, then the survivors, then the score; fail below `--least`."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--rule", help="one file of risk_engine, by its name")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--least", type=float, default=0.90, help="the score below which the command fails")
    given = parser.parse_args()
    made, killed, looped = Counter[str](), Counter[str](), 0
    for fate in fates(files(given.rule), given.jobs):
        made[fate.file] += 1
        killed[fate.file] += fate.killed
        looped += fate.looped
        if not fate.killed:
            _say(f"survived  {fate.file}:{fate.mutant.line}: {fate.mutant.change}")
    for file in sorted(made):
        _say(f"{killed[file]:4d} of {made[file]:4d}  {killed[file] / made[file]:6.1%}  {file}")
    score = killed.total() / max(made.total(), 1)
    _say(f"score {score:.4f}: {killed.total()} of {made.total()} mutants killed, {looped} of them by the clock")
    return 0 if made and score >= given.least else 1


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
