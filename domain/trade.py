"""A proposal that has been sized: how many units, from what price, with which way out."""

from datetime import date
from enum import StrEnum
from functools import cached_property

from pydantic import Field

from domain.proposal import Action, Origin, TradeProposal
from domain.scan import Fact
from domain.value import Value


class Side(StrEnum):
    """Which way units move."""

    BUY = "BUY"
    SELL = "SELL"


class ExitKind(StrEnum):
    """Which part of its plan ended a position; set by the monitor, never by a proposal."""

    STOP = "stop"
    TARGET = "target"
    HORIZON = "horizon"


class ExitPlan(Value):
    """How the position is to end: `stop_price` and `take_profit_price` in dollars, `horizon` the last session to hold.

    `stop_distance` is a fraction of the entry price and never less than the noise of the symbol.
    """

    stop_price: float = Field(gt=0.0)
    take_profit_price: float | None = None
    stop_distance: float = Field(gt=0.0)
    horizon: date


class SizeLimits(Value):
    """What sizing keeps to before any rule is asked: fractions of equity, None where policy sets no such limit.

    `position_volatility` is what one position may contribute a year (weight times annualised EWMA volatility of `span`
    sessions); `stop_risk` what a trade may lose at its stop, `close_factor` how much more that is on closes alone.
    """

    position_volatility: float | None = None
    span: int = 20
    stop_risk: float | None = None
    close_factor: float = 1.0


class Trade(Value):
    """What the risk engine judges.

    `quantity` is in units (whole shares unless `lot` says otherwise) and never more than `asked_quantity`.
    `reduces` is true when the trade strictly reduces the position and does not cross zero. `exit_kind` is what the
    monitor acted on, None for everybody else. `ungrounded` is what the argument states
    and the data don't have.
    """

    proposal_id: str
    version: int = 1
    proposal: TradeProposal
    origin: Origin
    side: Side
    asked_quantity: float = Field(ge=0.0)
    quantity: float = Field(ge=0.0)
    price: float = Field(gt=0.0)
    lot: float = Field(default=1.0, gt=0.0)
    reduces: bool = False
    exit_kind: ExitKind | None = None
    plan: ExitPlan | None = None
    cited: tuple[Fact, ...] = ()
    ungrounded: tuple[str, ...] = ()
    sized_by: tuple[str, ...] = ()

    @cached_property
    def symbol(self) -> str:
        """What is traded."""
        return self.proposal.symbol

    @property
    def is_exit(self) -> bool:
        """Strictly reducing trades are exits, whoever proposed them."""
        return self.reduces

    @property
    def signed_quantity(self) -> float:
        """Positive for a purchase."""
        return self.quantity if self.side is Side.BUY else -self.quantity

    @property
    def notional(self) -> float:
        """Units times price, in dollars."""
        return self.quantity * self.price

    def of(self, quantity: float) -> "Trade":
        """The same trade with another quantity."""
        return self.model_copy(update={"quantity": quantity})


def side_of(action: Action) -> Side:
    """BUY or SELL; HOLD trades nothing and has no side."""
    return Side(action.value)
