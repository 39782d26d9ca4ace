"""What a model costs: the caps on it, the port that keeps them, and the sums that are shown."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Literal, Protocol

from pydantic import Field

from domain.errors import OverBudget
from domain.value import Value


class Spent(Value):
    """Tokens and US dollars."""

    tokens: int = 0
    cost_usd: float = 0.0

    def plus(self, other: "Spent", sign: int = 1) -> "Spent":
        """Add (or with `sign` -1 take away) another amount."""
        return Spent(tokens=self.tokens + sign * other.tokens, cost_usd=self.cost_usd + sign * other.cost_usd)


class SpendCap(Value):
    """The most one run, or all runs of one day (UTC, by the clock on the wall), may spend.

    `variable` is the setting that holds it.
    """

    scope: Literal["run", "day"]
    unit: Literal["tokens", "USD"]
    most: float = Field(ge=0.0)
    variable: str

    def used(self, spent: Spent) -> float:
        """Read from `spent` what this cap counts."""
        return spent.tokens if self.unit == "tokens" else spent.cost_usd

    def words(self, amount: float) -> str:
        """Write an amount in this cap's unit."""
        return f"{amount:,.0f} tokens" if self.unit == "tokens" else f"{amount:,.2f} USD"


def hold_caps(caps: Iterable[SpendCap], run: Spent, day: Spent) -> None:
    """Compare what a run and a day would have spent after the next call with their caps.

    Raises:
        OverBudget: a cap would be passed; names the setting.
    """
    for cap in caps:
        total = cap.used(run if cap.scope == "run" else day)
        if total > cap.most:
            raise OverBudget(
                f"the spend cap of {cap.words(cap.most)} a {cap.scope} is reached (the next call may bring it to "
                f"{cap.words(total)})",
                f"raise {cap.variable}, shorten the short list, or choose a cheaper PM_MODEL",
            )


class Purse(Protocol):
    """Where every call to a model finds out whether it may be paid for; shared by threads and processes."""

    def set_aside(self, portfolio: str, slot: str, worst_case: Spent, caps: Sequence[SpendCap]) -> int:
        """Take room for one call before it is made; return the number of the hold.

        A hold counts in full until it is settled or the call is stored; that of a process that died counts all day.

        Raises:
            OverBudget: there is not enough left.
        """
        ...

    def settle(self, hold: int, used: Spent) -> None:
        """Replace what was set aside by what was used; nothing used gives the room back."""
        ...


class SpendLine(Value):
    """Calls to one model in one run on one day. `cached` ones cost nothing; `estimated` ones the server did not price.

    `held` is what calls under way, or of a process that died, have set aside. `seconds` is the latency of all together.
    """

    portfolio: str
    slot: str
    day: date
    model: str
    calls: int = 0
    cached: int = 0
    failed: int = 0
    estimated: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float = 0.0
    seconds: float = 0.0
    held: Spent = Spent()

    @property
    def spent(self) -> Spent:
        """What counts against the caps."""
        used = Spent(tokens=self.prompt_tokens + self.completion_tokens, cost_usd=self.cost_usd)
        return used.plus(self.held)


class SpendStore(Purse, Protocol):
    """What was spent on models."""

    def spending(self, since: date | None = None, portfolio: str | None = None) -> tuple[SpendLine, ...]:
        """Sum the calls by portfolio, run, day and model, newest day first; of all portfolios without a name."""
        ...
