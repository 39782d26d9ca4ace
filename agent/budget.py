"""A purse in memory, for an analyst that stands alone; a portfolio's analyst uses the ledger's."""

import threading
from collections import OrderedDict
from collections.abc import Sequence

from domain.spending import SpendCap, Spent, hold_caps

RUNS_REMEMBERED = 64


class Budget:
    """Implements `domain.spending.Purse` for one process; its day is as long as it lives. Safe between threads.

    A call sets its worst case aside first, so that parallel calls can't pass the brake together. Holds have negative
    numbers: a ledger that stores the calls must not take them for its own.
    """

    def __init__(self) -> None:
        self._runs: OrderedDict[tuple[str, str], Spent] = OrderedDict()
        self._day = Spent()
        self._holds: dict[int, tuple[tuple[str, str], Spent]] = {}
        self._next = -1
        self._lock = threading.Lock()

    def set_aside(self, portfolio: str, slot: str, worst_case: Spent, caps: Sequence[SpendCap]) -> int:
        """Take room for a call; return the number of the hold."""
        run = (portfolio, slot)
        with self._lock:
            total, day = self._runs.get(run, Spent()).plus(worst_case), self._day.plus(worst_case)
            hold_caps(caps, total, day)
            number, self._next = self._next, self._next - 1
            self._runs[run], self._day, self._holds[number] = total, day, (run, worst_case)
            self._runs.move_to_end(run)
            while len(self._runs) > RUNS_REMEMBERED:
                self._runs.popitem(last=False)
            return number

    def settle(self, hold: int, used: Spent) -> None:
        """Replace what was set aside by what was used."""
        with self._lock:
            run, aside = self._holds.pop(hold)
            self._day = self._day.plus(aside, -1).plus(used)
            if run in self._runs:
                self._runs[run] = self._runs[run].plus(aside, -1).plus(used)
