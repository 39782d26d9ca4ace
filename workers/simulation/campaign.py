"""Many seeds: one after the other or in several processes, counted together; each failure says how to see it again."""

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from domain.errors import BadInput
from workers.simulation.mutants import MUTANTS, planted
from workers.simulation.seed import Result, run_seed
from workers.simulation.world import Violation

TWICE_EVERY = 50
"""So many seeds apart, one is run twice: its trace must be the same (I15)."""

Told = Callable[[int, int], None]


@dataclass
class Campaign:
    """What came of some seeds; `seconds` on the wall, `cpu_seconds` of all processes together."""

    first: int
    seeds: int = 0
    failed: list[Result] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    interrupted: bool = False

    def add(self, result: Result) -> None:
        """Count one seed in."""
        self.seeds += 1
        self.counted += result.counted
        self.cpu_seconds += result.seconds
        if result.violations:
            self.failed.append(result)


def run_campaign(
    seeds: Sequence[int],
    *,
    mutant: str | None = None,
    jobs: int = 1,
    keep_going: bool = True,
    told: Told = lambda *_: None,
) -> Campaign:
    """Simulate `seeds`; an interruption (Ctrl-C) returns what is done by then.

    Without `keep_going` it ends with the first seed that fails.

    Raises:
        BadInput: no such mutant, or no seed.
    """
    if mutant is not None and mutant not in MUTANTS:
        raise BadInput(f"unknown mutant {mutant!r}", f"choose one of: {', '.join(MUTANTS)}")
    if not seeds:
        raise BadInput("there is no seed to simulate", "ask for at least one: --seeds 1")
    done, begun = Campaign(first=seeds[0]), time.perf_counter()
    try:
        with _results(seeds, mutant, jobs) as results:
            for result in results:
                done.add(result)
                told(done.seeds, len(seeds))
                if done.failed and not keep_going:
                    break
    except KeyboardInterrupt:
        done.interrupted = True
    done.failed.sort(key=lambda result: result.seed)
    done.seconds = time.perf_counter() - begun
    return done


@contextmanager
def _results(seeds: Sequence[int], mutant: str | None, jobs: int) -> Iterator[Iterator[Result]]:
    one = partial(simulate_checked, mutant=mutant)
    if jobs <= 1:
        yield map(one, seeds)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield pool.imap_unordered(one, seeds, chunksize=2)


def simulate_checked(seed: int, mutant: str | None = None) -> Result:
    """Simulate one seed; one in fifty twice, to see that chance is the only thing that decides."""
    with planted(mutant):
        result = run_seed(seed)
        if mutant is None and seed % TWICE_EVERY == 0:
            again = run_seed(seed)
            if again.trace_hash != result.trace_hash:
                odd = Violation("I15", 0.0, "the same seed left another trace")
                result = result._replace(violations=(*result.violations, odd))
    return result
