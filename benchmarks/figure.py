"""One measured number, its goal, and how both are printed."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

NOISE = 2.0
"""Machines differ and are shared: a goal counts as missed when it is exceeded by more than this factor."""


@dataclass(frozen=True)
class Figure:
    """A measurement; without a `goal` it is there to compare with."""

    name: str
    value: float
    unit: str
    goal: float | None = None

    @property
    def share(self) -> float | None:
        """Say how much of the goal is used up; a goal of 0 is met or missed."""
        if self.goal is None:
            return None
        if self.goal == 0:
            return 0.0 if self.value == 0 else float("inf")
        return self.value / self.goal

    @property
    def missed(self) -> bool:
        """Whether the goal is exceeded by more than noise."""
        return self.share is not None and self.share > NOISE

    def line(self) -> str:
        """Put name, value, goal and share into columns."""
        goal = "" if self.goal is None else f"<= {self.goal:g}"
        verdict = "" if self.share is None else "MISSED" if self.missed else "over" if self.share > 1 else "ok"
        share = "" if self.share is None else f"{self.share:5.2f}"
        return f"  {self.name:<66} {self.value:>10.4g} {self.unit:<7} {goal:>9} {share:>6}  {verdict}".rstrip()


class Timed(NamedTuple):
    """Median wall time and median processor time (all threads) of a piece of work, in seconds."""

    wall: float
    cpu: float


def timed(work: Callable[[], object], times: int) -> Timed:
    """Run `work` so many times; wall far above cpu means waiting, or a machine that others use too."""
    walls, cpus = [], []
    for _ in range(times):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return Timed(statistics.median(walls), statistics.median(cpus))
