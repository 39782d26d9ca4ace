"""Virtual time and chance: events in order, a trace of what happened, and everything counted."""

import hashlib
import heapq
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple

from domain.errors import DeskError, LedgerDamaged

EPOCH = datetime(2024, 3, 5, tzinfo=UTC)
"""Second 0 of every simulation; seeds start at some second of this day."""
MOST_NESTED = 3
"""So many events may be under way at once: one waits at an edge while the next is carried out."""

Act = Callable[[], None]


class Crash(BaseException):
    """The process that was working is gone; unwinds everything, and nothing may catch it."""


class Violation(NamedTuple):
    """A promise that was broken: which one, when (seconds), and how."""

    invariant: str
    at: float
    told: str

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.invariant} at {self.at:.3f} s: {self.told}"


class World:
    """One seed's clock, chance and history. Everything that happens is an event at a second of virtual time.

    While something waits at an edge (`spend`), other events happen: that is all the concurrency there is, and it is
    the same for the same seed.
    """

    def __init__(self, seed: int, *, start: float = 0.0, keep_trace: bool = False) -> None:
        self.seed = seed
        self.now = self.start = start
        self.counted: Counter[str] = Counter()
        self.violations: list[Violation] = []
        self.lines: list[str] = []
        self.after_event: Act = lambda: None
        self._keep = keep_trace
        self._hash = hashlib.sha256()
        self._heap: list[tuple[float, int, str, Act]] = []
        self._number = 0
        self._under_way = 0

    def stream(self, name: str) -> Random:
        """Chance of its own for one edge: what one edge draws changes nothing for the others."""
        return Random(f"{self.seed}/{name}")

    def moment(self) -> datetime:
        """True time, aware, UTC."""
        return at_second(self.now)

    def later(self, seconds: float, name: str, act: Act) -> None:
        """Let `act` happen `seconds` from now."""
        self._number += 1
        heapq.heappush(self._heap, (self.now + seconds, self._number, name, act))

    def note(self, who: str, what: str) -> None:
        """Write one line of the trace."""
        line = f"{self.now:10.3f} {'  ' * max(self._under_way - 1, 0)}{who}: {what}"
        self._hash.update(line.encode())
        if self._keep:
            self.lines.append(line)

    def broken(self, invariant: str, told: str) -> None:
        """Write down a broken promise."""
        self.violations.append(Violation(invariant, self.now, told))
        self.note("VIOLATION", f"{invariant}: {told}")

    def spend(self, seconds: float) -> None:
        """Let time pass while something waits at an edge; what is due meanwhile happens meanwhile."""
        until = self.now + seconds
        while self._under_way < MOST_NESTED and self._heap and self._heap[0][0] <= until:
            self._carry_out()
        self.now = max(self.now, until)

    def run(self, until: float) -> None:
        """Carry out everything due before `until`, and stand there then."""
        while self._heap and self._heap[0][0] <= until and not self.violations:
            self._carry_out()
        self.now = max(self.now, until)

    def trace_hash(self) -> str:
        """Hash of every line so far."""
        return self._hash.hexdigest()

    def _carry_out(self) -> None:
        at, _, name, act = heapq.heappop(self._heap)
        self.now = max(self.now, at)
        self._under_way += 1
        try:
            act()
        except Crash as crash:
            self.counted["crashes"] += 1
            self.note(name, f"CRASHED at {crash}")
        except LedgerDamaged as error:
            self.broken("unexpected error", f"{name}: {error}")
        except DeskError as error:
            self.counted[f"told {type(error).__name__}"] += 1
            self.note(name, f"{type(error).__name__}: {error.message}")
        except Exception as error:  # noqa: BLE001 - whatever production code lets through is a finding
            self.broken("unexpected error", f"{name}: {type(error).__name__}: {error}")
        finally:
            self._under_way -= 1
        self.after_event()


def at_second(seconds: float) -> datetime:
    """The moment of a second of virtual time, to the microsecond."""
    return EPOCH + timedelta(microseconds=round(seconds * 1e6))
