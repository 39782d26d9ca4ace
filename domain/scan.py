"""What the quantitative look at a snapshot found: signals, citable facts, regime and short list."""

from datetime import date
from enum import StrEnum
from functools import cached_property

from pydantic import Field

from domain.ids import canonical, digest_of
from domain.market import Provenance
from domain.value import Fraction, Value


class Style(StrEnum):
    """What a mandate believes in."""

    TREND = "trend"
    MEAN_REVERSION = "mean_reversion"


class Fact(Value):
    """One number that an argument may cite: `id` is `SYMBOL.measure` or `MARKET.measure`."""

    id: str
    text: str
    value: float
    session: date
    provenance: Provenance = Provenance.DERIVED


class Signal(Value):
    """A strategy's view of one symbol.

    `score` is a cross-sectional z-score (positive: expected to rise), `rank` counts from 1 (strongest).
    `hit_rate` is the share of past cases in the same score bucket that ended higher after the strategy's horizon,
    from `cases` of them, with nothing later than the snapshot; None below 30 cases.
    """

    symbol: str
    strategy: str
    score: float
    rank: int = Field(ge=1)
    hit_rate: Fraction | None
    cases: int = Field(ge=0)
    horizon_sessions: int = Field(ge=1)
    volatility: float = Field(ge=0.0, description="annualised, a fraction")
    mean_abs_move: float = Field(ge=0.0, description="mean absolute daily return of 14 sessions, a fraction")


class Regime(StrEnum):
    """How the market is moving together, and whether it is calm."""

    CALM = "calm"
    CROWDED = "crowded"
    STRESSED = "stressed"


class Scan(Value):
    """The numbers of one run; the only source of numbers for the analyst."""

    snapshot_digest: str
    session: date
    style: Style
    regime: Regime
    signals: tuple[Signal, ...]
    facts: tuple[Fact, ...]
    shortlist: tuple[str, ...]
    reviews: tuple[str, ...] = ()

    @cached_property
    def content(self) -> str:
        """The content as it is stored: canonical JSON."""
        return canonical(self.model_dump(mode="json"))

    @cached_property
    def digest(self) -> str:
        """Hash of the content."""
        return digest_of(self.content)

    def facts_of(self, symbol: str) -> tuple[Fact, ...]:
        """The facts about one symbol, or about the market for `MARKET`."""
        return self._facts_by_symbol.get(symbol, ())

    @cached_property
    def _facts_by_symbol(self) -> dict[str, tuple[Fact, ...]]:
        found: dict[str, list[Fact]] = {}
        for fact in self.facts:
            found.setdefault(fact.id.rpartition(".")[0], []).append(fact)
        return {symbol: tuple(facts) for symbol, facts in found.items()}

    def signal_of(self, symbol: str) -> Signal | None:
        """The signal of one symbol."""
        return next((signal for signal in self.signals if signal.symbol == symbol), None)
