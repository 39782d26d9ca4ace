"""The brake on spending: what one run may use at most, asked before every call."""

import threading
from collections import OrderedDict

from domain.errors import RunAborted
from domain.value import Value

RUNS_REMEMBERED = 64


class OverBudget(RunAborted):
    """The next call could exceed what a run may spend; it was not made."""


class Spent(Value):
    """Tokens and US dollars."""

    tokens: int = 0
    cost_usd: float = 0.0

    def plus(self, other: "Spent", sign: int = 1) -> "Spent":
        """Add (or with `sign` -1 take away) another amount."""
        return Spent(tokens=self.tokens + sign * other.tokens, cost_usd=self.cost_usd + sign * other.cost_usd)


class Budget:
    """Counts what each run has used or set aside; safe between threads.

    A call sets its worst case aside first, so that parallel calls can't pass the brake together.
    """

    def __init__(self, max_tokens: int, max_cost_usd: float | None) -> None:
        self._max_tokens = max_tokens
        self._max_cost_usd = max_cost_usd
        self._runs: OrderedDict[str, Spent] = OrderedDict()
        self._lock = threading.Lock()

    def set_aside(self, run: str, worst_case: Spent) -> None:
        """Take room for a call.

        Raises:
            OverBudget: there is not enough left; names the variable that sets the limit.
        """
        with self._lock:
            total = self._runs.get(run, Spent()).plus(worst_case)
            if total.tokens > self._max_tokens:
                raise OverBudget(
                    f"the spend cap of {self._max_tokens:,} tokens a run is reached (the next call may bring it to "
                    f"{total.tokens:,})",
                    "raise PM_MODEL_MAX_TOKENS_PER_RUN or shorten the short list",
                )
            if self._max_cost_usd is not None and total.cost_usd > self._max_cost_usd:
                raise OverBudget(
                    f"the spend cap of {self._max_cost_usd:.2f} USD a run is reached (the next call may bring it to "
                    f"{total.cost_usd:.2f})",
                    "raise PM_MODEL_MAX_COST_USD or choose a cheaper PM_MODEL",
                )
            self._runs[run] = total
            self._runs.move_to_end(run)
            while len(self._runs) > RUNS_REMEMBERED:
                self._runs.popitem(last=False)

    def settle(self, run: str, worst_case: Spent, used: Spent) -> None:
        """Replace what was set aside by what was used."""
        with self._lock:
            if run in self._runs:
                self._runs[run] = self._runs[run].plus(worst_case, -1).plus(used)

    def spent(self, run: str) -> Spent:
        """Tell what a run has used, with what is set aside now."""
        with self._lock:
            return self._runs.get(run, Spent())
