"""One process of the desk: it crosses ports, which takes time, and at any crossing it may die and start again."""

from random import Random

from workers.simulation.faults import Swarm
from workers.simulation.world import Crash, World

RESTARTS_AFTER = (1.0, 30.0)
"""Seconds until a dead process works again."""
NEVER = 1 << 60


class Process:
    """A worker, the bot, or the terminal. `busy` while it carries something out, `down_until` after it died."""

    def __init__(self, name: str, world: World, swarm: Swarm) -> None:
        self.name = name
        self.world = world
        self.swarm = swarm
        self.busy = False
        self.down_until = 0.0
        self.lives = 1
        self._chance: Random = world.stream(f"crash/{name}")
        self._crossings_left = self._next_crash()

    @property
    def is_free(self) -> bool:
        """Whether it can take something on now."""
        return not self.busy and self.world.now >= self.down_until

    def cross(self, port: str, seconds: float = 0.0) -> None:
        """Cross a port: time passes, and this may be the end of the process.

        Raises:
            Crash: it is.
        """
        if seconds > 0.0:
            self.world.spend(seconds)
        self._crossings_left -= 1
        if self._crossings_left <= 0:
            self._die(port)

    def _die(self, port: str) -> None:
        self._crossings_left = self._next_crash()
        if self.swarm.over:
            return
        self.down_until = self.world.now + self._chance.uniform(*RESTARTS_AFTER)
        self.lives += 1
        raise Crash(f"{port} ({self.name})")

    def _next_crash(self) -> int:
        rate = self.swarm.rate("crash")
        return int(self._chance.expovariate(rate)) + 1 if rate > 0.0 else NEVER
