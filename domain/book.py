"""All that rules may see of us: holdings, what is on its way, what others have reserved, and the state we are in."""

from datetime import date
from enum import StrEnum
from functools import cached_property

from pydantic import Field

from domain.calibration import Calibration
from domain.ids import digest
from domain.proposal import Origin
from domain.trade import ExitPlan, Side
from domain.value import Value


class ControlState(StrEnum):
    """What the desk may do at all."""

    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    HALTED = "HALTED"


class Position(Value):
    """A holding: `quantity` in units (negative: short), `average_price` in dollars a unit including commission."""

    symbol: str
    quantity: float
    average_price: float = Field(ge=0.0)
    opened: date | None = None
    plan: ExitPlan | None = None
    proposal_id: str | None = None


class WorkingOrder(Value):
    """What an order may still do: `quantity` is what is left of it."""

    client_order_id: str
    proposal_id: str
    symbol: str
    side: Side
    quantity: float = Field(ge=0.0)
    price: float = Field(gt=0.0)
    reduces: bool = False
    uncertain: bool = False


class Reservation(Value):
    """Room taken by a live proposal of somebody else: worst price, quantity, and risk to its stop in dollars."""

    proposal_id: str
    symbol: str
    side: Side
    quantity: float = Field(ge=0.0)
    price: float = Field(gt=0.0)
    stop_risk: float = Field(default=0.0, ge=0.0)
    reduces: bool = False


class TradeToday(Value):
    """One proposal of this session that was accepted or traded; `notional` in dollars. Exits have `entry` false."""

    proposal_id: str
    symbol: str
    side: Side
    notional: float = Field(ge=0.0)
    entry: bool


class RecentProposal(Value):
    """One earlier proposal of this session, however it ended."""

    proposal_id: str
    symbol: str
    side: Side
    payload_hash: str


class Book(Value):
    """One portfolio at one moment.

    `unit_value` is equity per unit net of flows (1.0 at the start), `reference_high` the level drawdown is measured
    from, `last_session_return` the last complete session's unit return (a fraction), None before there is one.
    `unknown_orders` counts intents whose outcome is not known, `mismatches` differences to the broker that survived.
    `stopped_out` names symbols sold at their stop this session. `margin_excess` is a fraction of equity.
    `day_trades` counts round trips of five sessions. `calibrations` says what each origin's confidence is worth.
    """

    portfolio: str
    session: date
    cash: float
    equity: float
    positions: dict[str, Position] = Field(default_factory=dict)
    working: tuple[WorkingOrder, ...] = ()
    reservations: tuple[Reservation, ...] = ()
    unit_value: float = 1.0
    reference_high: float = 1.0
    all_time_high: float = 1.0
    last_session_return: float | None = None
    control: ControlState = ControlState.ACTIVE
    control_epoch: int = 0
    trades_today: tuple[TradeToday, ...] = ()
    recent: tuple[RecentProposal, ...] = ()
    stopped_out: tuple[str, ...] = ()
    unknown_orders: int = 0
    mismatches: int = 0
    account_age_seconds: float | None = None
    margin_account: bool = False
    margin_excess: float | None = None
    day_trades: int = 0
    calibrations: dict[Origin, Calibration] = Field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """Hash of the content."""
        return digest(self.model_dump(mode="json"))

    def calibrated(self, origin: Origin, confidence: float) -> float | None:
        """Tell how often this confidence of this origin came true; None while too few outcomes are known."""
        calibration = self.calibrations.get(origin)
        return calibration.calibrated(confidence) if calibration else None

    def held(self, symbol: str) -> float:
        """Units held, negative when short, 0 when none."""
        position = self.positions.get(symbol)
        return position.quantity if position else 0.0

    @property
    def free_cash(self) -> float:
        """Cash that no open order and no reservation may still spend, in dollars; no credit for sales."""
        spent = sum(order.quantity * order.price for order in self.working if order.side is Side.BUY)
        return (
            self.cash - spent - sum(room.quantity * room.price for room in self.reservations if room.side is Side.BUY)
        )

    def being_sold(self, symbol: str) -> float:
        """Units of open and reserved sales."""
        parts = [order.quantity for order in self.working if order.symbol == symbol and order.side is Side.SELL]
        parts += [room.quantity for room in self.reservations if room.symbol == symbol and room.side is Side.SELL]
        return sum(parts)

    def being_bought(self, symbol: str) -> float:
        """Units of open and reserved purchases."""
        parts = [order.quantity for order in self.working if order.symbol == symbol and order.side is Side.BUY]
        parts += [room.quantity for room in self.reservations if room.symbol == symbol and room.side is Side.BUY]
        return sum(parts)

    def with_reservation(self, reservation: Reservation, trade: TradeToday) -> "Book":
        """The book after somebody else has taken room."""
        return self.model_copy(
            update={
                "reservations": (*self.reservations, reservation),
                "trades_today": (*self.trades_today, trade),
            }
        )
