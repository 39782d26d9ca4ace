"""Redis and Celery as they really are: tasks get lost, doubled and delayed, and a flush forgets them all."""

from collections.abc import Callable
from random import Random

from workers.jobs import JOBS
from workers.simulation.faults import Swarm
from workers.simulation.staff import PORTFOLIO, Worker
from workers.simulation.world import Crash, World

Job = Callable[[Worker], object]
ON_THE_WAY = (0.01, 0.3)
BUSY_SECONDS = 2.0
REDELIVERED_AFTER = (5.0, 60.0)
MOST_DELIVERIES = 40


class Bus:
    """Carries jobs to whichever worker is free; a crashed worker's job comes again, or is lost with it."""

    def __init__(self, world: World, swarm: Swarm, workers: list[Worker]) -> None:
        self._world, self._swarm, self._workers = world, swarm, workers
        self._chance: Random = world.stream("bus")
        self._generation = 0

    def send(self, kind: str, argument: str = "") -> None:
        """Hand one of the production jobs over."""
        self.hand_over(f"{kind} {argument}".strip(), lambda worker: JOBS[kind](worker.desks, PORTFOLIO, argument))

    def hand_over(self, name: str, job: Job) -> None:
        """Hand over anything else that a worker does."""
        chance, swarm = self._chance, self._swarm
        if chance.random() < swarm.rate("task_lost"):
            self._world.counted["tasks lost"] += 1
            return
        times = 1
        if chance.random() < swarm.rate("task_doubled"):
            self._world.counted["tasks doubled"] += 1
            times = 2
        for _ in range(times):
            wait = chance.uniform(*ON_THE_WAY)
            if chance.random() < swarm.rate("task_delayed"):
                wait += chance.uniform(1.0, 90.0)
            self._deliver_after(wait, name, job, MOST_DELIVERIES)

    def flush(self) -> None:
        """Forget every job that is on its way."""
        if self._swarm.over:
            return
        self._generation += 1
        self._world.counted["flushes"] += 1
        self._world.note("bus", "FLUSHALL")

    def _deliver_after(self, seconds: float, name: str, job: Job, left: int) -> None:
        generation = self._generation
        self._world.later(seconds, name, lambda: self._deliver(generation, name, job, left))

    def _deliver(self, generation: int, name: str, job: Job, left: int) -> None:
        if generation != self._generation or left <= 0:
            return
        worker = next((one for one in self._workers if one.process.is_free), None)
        if worker is None:
            self._deliver_after(BUSY_SECONDS, name, job, left - 1)
            return
        try:
            worker.carry_out(job)
        except Crash:
            self._deliver_after(self._chance.uniform(*REDELIVERED_AFTER), name, job, left - 1)
            raise
