"""What is kept to learn from: one episode a decision, and what came of it, traded or not."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from pydantic import Field

from domain.ids import short_id
from domain.orders import BookedFill
from domain.proposal import Origin
from domain.trade import Side
from domain.value import Fraction, Value

LONGEST_SITUATION = 2000


class Episode(Value):
    """One decision from evidence to verdict; `proposal_id` is None where a thesis led to no proposal.

    `id` is the proposal's, or `thesis_id`. `status` is the proposal's last one, or `undecided` with the reason in
    `problem`. `price` is the one decided on, in dollars; `stop_distance` a fraction of it; `horizon` the last session
    to hold. `refused_by` lists the rules of `breached` that nobody can lift. `situation` names where the desk was, as
    recall compares it: style, regime, fifth of the signal. `shown_quantity` is what a card offered, `approved_quantity`
    what was granted of it.
    """

    id: str
    proposal_id: str | None = None
    portfolio: str
    symbol: str
    sector: str = "unknown"
    session: date
    slot: str | None = None
    origin: Origin
    side: Side | None = None
    reduces: bool = False
    decision: str
    status: str
    problem: str = ""
    price: float | None = None
    confidence: Fraction
    expected_upside_pct: float = 0.0
    worst_case_loss_pct: float = 0.0
    horizon: date | None = None
    stop_price: float | None = None
    take_profit_price: float | None = None
    stop_distance: float | None = None
    asked_quantity: float = 0.0
    quantity: float = 0.0
    filled_quantity: float = 0.0
    breached: tuple[str, ...] = ()
    refused_by: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    reason: str = ""
    bull_case: str = ""
    bear_case: str = ""
    stance: str = ""
    situation: dict[str, str] = Field(default_factory=dict)
    answered_by: str = ""
    answer: str = ""
    shown_quantity: float | None = None
    approved_quantity: float | None = None
    opened_at: datetime


def thesis_id(portfolio: str, slot: str, symbol: str) -> str:
    """Name the episode of a thesis that led to no proposal."""
    return short_id("thesis", portfolio, slot, symbol)


def situation_text(episode: Episode) -> str:
    """Describe where the desk was, as it was known then: what recall compares. What came of it is not in it."""
    where = [f"{name}={value}" for name, value in sorted(episode.situation.items())]
    side = episode.side.value if episode.side else "HOLD"
    return " ".join(
        [episode.symbol, episode.sector, side, *where, *sorted(episode.evidence), episode.bull_case, episode.bear_case]
    )[:LONGEST_SITUATION]


class Span(StrEnum):
    """How long after the decision an outcome was measured."""

    ONE = "1"
    FIVE = "5"
    TWENTY = "20"
    HORIZON = "horizon"

    @property
    def sessions(self) -> int | None:
        """Sessions after the decision's; None for the horizon, which each episode sets itself."""
        return None if self is Span.HORIZON else int(self.value)


class TradeOutcome(Value):
    """What came of one decision after a span, whether it was traded or not; complete, so it never changes.

    Everything is signed in the trade's direction and a fraction of the entry price: `gain` is net of cost, positive
    where the trade would have paid; for a sale that reduces, positive means that selling was right. A thesis without a
    trade is measured as a purchase. `excess` is `gain` less the benchmark's move in the same direction. `best` and
    `worst` are the excursions at closes (or highs and lows where the feed has them) up to `until`. `ruled_gain` is
    what the exit plan alone would have made: it ends at the first close beyond stop or target, `stopped` or `reached`.
    """

    episode_id: str
    portfolio: str
    symbol: str
    span: Span
    decided: date
    until: date
    sessions: int = Field(ge=1)
    traded: bool
    entry_price: float = Field(gt=0.0)
    exit_price: float = Field(gt=0.0)
    gain: float
    excess: float | None = None
    best: float
    worst: float
    ruled_gain: float
    ruled_until: date
    stopped: bool = False
    reached: bool = False


class Judged(Value):
    """An episode with the outcomes that are known."""

    episode: Episode
    outcomes: tuple[TradeOutcome, ...] = ()

    def after(self, span: Span) -> TradeOutcome | None:
        """Find the outcome of one span; None where it is not complete."""
        return next((outcome for outcome in self.outcomes if outcome.span is span), None)


class EpisodeIndex(Protocol):
    """Finds episodes by similarity; an index over the ledger, which can be emptied and rebuilt at any time."""

    def add(self, episode: Episode) -> None:
        """Index an episode once; a second call changes nothing."""
        ...

    def similar(
        self, text: str, portfolio: str, before: date, *, symbol: str | None = None, limit: int = 5
    ) -> tuple[str, ...]:
        """Find the ids of episodes decided before `before` whose situation is closest to `text`, best first."""
        ...

    def forget(self, portfolio: str, episode_id: str) -> bool:
        """Take an episode out of the index; tell whether it was there."""
        ...

    def rebuild(self, portfolio: str, episodes: Iterable[Episode]) -> int:
        """Index a portfolio anew; return how many episodes that were."""
        ...

    def close(self) -> None:
        """Close what was opened."""
        ...


class EpisodeStore(Protocol):
    """Episodes and their outcomes; an outcome is written once it is complete, and stays."""

    def open_episode(self, *episodes: Episode) -> None:
        """Store episodes of one portfolio, each once; marks their proposals as remembered."""
        ...

    def unscored(self, portfolio: str, before: date) -> tuple[Judged, ...]:
        """List episodes decided before `before` that lack an outcome of some span, oldest first."""
        ...

    def save_outcomes(self, outcomes: Sequence[TradeOutcome]) -> None:
        """Store complete outcomes, each once."""
        ...

    def judged(
        self, portfolio: str, *, known_before: date | None = None, since: date | None = None
    ) -> tuple[Judged, ...]:
        """List episodes, oldest first, decided from `since` on.

        With `known_before`, only what was known before that session opened: episodes decided, and outcomes complete,
        in earlier sessions.
        """
        ...

    def any_outcome(self, portfolio: str, known_before: date) -> bool:
        """Whether anything had become of any decision before a session."""
        ...

    def booked_fills(self, portfolio: str) -> tuple[BookedFill, ...]:
        """List every execution of a portfolio, oldest first."""
        ...

    def filled_at(self, proposal_id: str, side: Side) -> float | None:
        """Average what a proposal's own executions on `side` cost, in dollars a unit; None where there are none."""
        ...

    def episode(self, episode_id: str, *, known_before: date | None = None) -> Judged | None:
        """Read one episode with its outcomes; with `known_before` only those complete before that session."""
        ...
