"""What a replay came to: a plain value read out of its ledger, so that any report on it is a query."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol

from domain.history import ControlChange, FirstVerdict
from domain.orders import Fill
from domain.value import Value


class Prices(Protocol):
    """Closes of the past, also of the last session: for judging afterwards, never for deciding."""

    def close(self, session: date, symbol: str) -> float | None:
        """Tell a close in dollars; None where there is none."""
        ...


class Tally(Value):
    """How first verdicts went; `asked`, `executed` (with `resized`) and `rejected` (with `halted`) are counts."""

    execute: int = 0
    resize: int = 0
    approval: int = 0
    reject: int = 0
    halt: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.execute + self.resize + self.approval + self.reject + self.halt

    @property
    def executed_share(self) -> float | None:
        """The share that went through without anybody, whole or smaller; None of nothing."""
        return (self.execute + self.resize) / self.total if self.total else None

    @property
    def asked_share(self) -> float | None:
        """The share that a person was asked about; None of nothing."""
        return self.approval / self.total if self.total else None

    @property
    def rejected_share(self) -> float | None:
        """The share that nobody could have saved; None of nothing."""
        return (self.reject + self.halt) / self.total if self.total else None


class RuleTally(Value):
    """How often a rule stood in the way of an entry (soft, hard, not evaluated, error) or made it smaller."""

    soft: int = 0
    hard: int = 0
    not_evaluated: int = 0
    error: int = 0
    sized: int = 0


class Curve(Value):
    """What the portfolio was worth and held, one value a close; all tuples are as long as `closes`.

    `closes` begins with the session before the first one replayed. `equity` is in dollars, `unit_value` net of flows,
    `weights` and `sectors` are fractions of equity, `cash` is one too. `turnover` is what was traded in a session, one
    way, as a fraction of equity: half of all changes of weight, the cash leg included.
    """

    closes: tuple[date, ...]
    equity: tuple[float, ...]
    unit_value: tuple[float, ...]
    cash: tuple[float, ...]
    weights: tuple[dict[str, float], ...]
    sectors: tuple[dict[str, float], ...]
    turnover: tuple[float, ...]


class Halt(Value):
    """A stretch in which the desk opened nothing: REDUCING or HALTED, why, and until which session (None: to the end).

    `scripted` is true where the scripted operator ended it.
    """

    since: date
    until: date | None
    state: str
    cause: str
    reason: str
    scripted: bool


class BacktestResult(Value):
    """A finished replay, whole."""

    portfolio: str
    analyst: str
    approver: str
    blind: bool
    first: date
    last: date
    curve: Curve
    entries: Tally
    exits: Tally
    by_rule: dict[str, RuleTally]
    judged: tuple[FirstVerdict, ...]
    fills: tuple[Fill, ...]
    commission: float
    halts: tuple[Halt, ...]
    resumes: int
    ledger_digest: str


def tally(judged: Sequence[FirstVerdict]) -> Tally:
    """Count decisions."""
    counts: dict[str, int] = {}
    for one in judged:
        counts[one.decision.value] = counts.get(one.decision.value, 0) + 1
    return Tally.model_validate({name: counts.get(name, 0) for name in Tally.model_fields})


def rule_tallies(judged: Sequence[FirstVerdict], rules: Sequence[str]) -> dict[str, RuleTally]:
    """Count, for each of `rules` and any other that spoke, how it stood in the way."""
    counts: dict[str, dict[str, int]] = {rule: {} for rule in rules}
    for one in judged:
        spoken = [(rule, outcome.value) for rule, outcome in one.breached.items()]
        for rule, what in [*spoken, *((rule, "sized") for rule in one.sized_by)]:
            of_rule = counts.setdefault(rule, {})
            of_rule[what] = of_rule.get(what, 0) + 1
    return {rule: RuleTally.model_validate(of_rule) for rule, of_rule in counts.items()}


def halts_of(changes: Sequence[ControlChange], operator: str) -> tuple[Halt, ...]:
    """List the stretches that were not ACTIVE, each change of state its own."""
    found: list[Halt] = []
    open_since: ControlChange | None = None
    for change in changes:
        if open_since is not None:
            found.append(_halt(open_since, change.session, scripted=change.by == operator))
        open_since = None if change.state.value == "ACTIVE" else change
    if open_since is not None:
        found.append(_halt(open_since, None, scripted=False))
    return tuple(found)


def _halt(change: ControlChange, until: date | None, *, scripted: bool) -> Halt:
    return Halt(
        since=change.session,
        until=until,
        state=change.state.value,
        cause=change.cause.value,
        reason=change.reason,
        scripted=scripted,
    )


def by_sector(weights: Mapping[str, float], sectors: Mapping[str, str]) -> dict[str, float]:
    """Add weights up by sector."""
    found: dict[str, float] = {}
    for symbol, weight in weights.items():
        sector = sectors.get(symbol, "unknown")
        found[sector] = found.get(sector, 0.0) + weight
    return found
