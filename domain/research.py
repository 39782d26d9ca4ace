"""What the analyst says: research, theses, proposals, and what each question cost."""

from datetime import datetime
from typing import Generic, Literal, TypeVar

from pydantic import Field

from domain.market import Headline
from domain.proposal import TradeProposal
from domain.scan import Scan
from domain.value import Fraction, Value

T = TypeVar("T")


class ResearchNote(Value):
    """The market in a few sentences."""

    summary: str = Field(min_length=1, max_length=2000)
    regime_view: str = Field(min_length=1, max_length=600)
    evidence: tuple[str, ...] = ()


class Thesis(Value):
    """Both sides of one symbol, and where the analyst comes down.

    `confidence` is the probability that the price is higher than today, net of cost, at the horizon. `ungrounded` are
    numbers and fact ids that it states and the data don't have; found by the system, whatever the analyst says.
    """

    symbol: str
    bull_case: str = Field(min_length=1, max_length=1200)
    bear_case: str = Field(min_length=1, max_length=1200)
    stance: Literal["bullish", "bearish", "neutral"]
    confidence: Fraction
    expected_upside_pct: float = Field(ge=0.0, le=1000.0)
    worst_case_loss_pct: float = Field(ge=0.0, le=100.0)
    time_horizon_days: int = Field(ge=1, le=365)
    invalidation: str = Field(min_length=1, max_length=400)
    evidence: tuple[str, ...] = ()
    ungrounded: tuple[str, ...] = ()


class HeldPosition(Value):
    """A holding as the analyst sees it: weight and gain are fractions."""

    symbol: str
    quantity: float
    weight: float
    gain: float
    held_sessions: int
    review: bool = False


class Room(Value):
    """What is left under the limits, as fractions of equity."""

    cash: float
    gross: float
    per_position: float
    per_sector: dict[str, float]


class Desk(Value):
    """The portfolio as the analyst sees it."""

    portfolio: str
    equity: float
    cash: float
    positions: tuple[HeldPosition, ...]
    waiting: tuple[str, ...]
    room: Room
    target_position_pct: Fraction
    min_order_pct: Fraction
    names: dict[str, str]
    sectors: dict[str, str]


class ModelCall(Value):
    """One question put to a model; `cached` ones cost nothing.

    `answer` is what came back, word for word, also where it could not be used. `estimated` means that the server did
    not say what it billed: tokens and cost are then reckoned from the texts, or the worst case where none came back.
    `hold` is the number under which the purse set the cost aside, 0 where there is none.
    """

    node: str
    subject: str
    prompt_digest: str
    model: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float = 0.0
    latency_seconds: float = 0.0
    cached: bool = False
    error: str = ""
    answer: str = ""
    estimated: bool = False
    hold: int = 0


class Answer(Value, Generic[T]):
    """What came back: a value, or None with the reason why there is no decision."""

    value: T | None
    problem: str = ""
    calls: tuple[ModelCall, ...] = ()


class Memory(Value):
    """What came of an earlier decision, in a few words: data like a headline, never an instruction."""

    episode_id: str
    at: datetime
    symbol: str
    text: str


class Question(Value):
    """What every question carries: the numbers, the desk, and texts from outside that prove nothing.

    `slot` names the run that asks, and is not shown.
    """

    scan: Scan
    desk: Desk
    slot: str = ""
    headlines: tuple[Headline, ...] = ()
    memories: tuple[Memory, ...] = ()


class ThesisQuestion(Question):
    """Argue for and against one symbol."""

    symbol: str
    note: ResearchNote


class ProposalQuestion(Question):
    """Turn the theses into proposals, jointly."""

    note: ResearchNote
    theses: tuple[Thesis, ...]


class Proposals(Value):
    """The proposals of one question, and the symbols left without a decision, each with its reason."""

    accepted: tuple[TradeProposal, ...] = ()
    undecided: dict[str, str] = Field(default_factory=dict)
