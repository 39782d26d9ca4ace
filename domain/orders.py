"""What is sent to a broker and what comes back; money and quantities are Decimal here."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from pydantic import Field

from domain.ids import short_id
from domain.proposal import OrderType
from domain.trade import ExitKind, Side
from domain.value import Value

OURS = "pm-"
OURS_LEGS = "pm-legs-"
"""How our client order ids begin; no broker gives names like these itself."""
LEGS = "legs"
"""How the leg of an intent begins that protects a holding; a number follows, a new one for every plan."""


class IntentState(StrEnum):
    """Where an order intent stands."""

    PENDING = "PENDING"
    SUBMITTING = "SUBMITTING"
    OPEN = "OPEN"
    PARTIAL = "PARTIAL"
    DONE = "DONE"
    REJECTED = "REJECTED"
    UNKNOWN = "UNKNOWN"
    QUARANTINED = "QUARANTINED"

    @property
    def is_final(self) -> bool:
        """Whether nothing more can come of it."""
        return self in {IntentState.DONE, IntentState.REJECTED}


class OrderIntent(Value):
    """A durable promise to send one order, written before the broker hears of it.

    `control_epoch` is the epoch of the control state it was judged under; `collar_low` and `collar_high` bound the
    price (dollars) at which it may still be sent first; after `valid_until` it is never sent. An entry carries its exit
    plan in `plan_stop` and `plan_target` (dollars): a broker that says `Account.brackets` attaches them as legs that
    cancel each other and rest until they are filled or cancelled; every other broker leaves them to the monitor.

    An intent that `protects` is those legs by themselves, for what is held by now: a stop at `stop_price`, and with
    `take_profit_price` a target that it cancels and that cancels it. No book counts it as an open order.
    """

    client_order_id: str
    portfolio: str
    proposal_id: str
    version: int
    leg: str
    symbol: str
    side: Side
    quantity: Decimal = Field(gt=0)
    order_type: OrderType = OrderType.MARKET
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    take_profit_price: Decimal | None = None
    plan_stop: Decimal | None = None
    plan_target: Decimal | None = None
    reduces: bool = False
    session: date
    state: IntentState = IntentState.PENDING
    attempt: int = 0
    control_epoch: int = 0
    collar_low: Decimal | None = None
    collar_high: Decimal | None = None
    created_at: datetime
    valid_until: datetime
    filled_quantity: Decimal = Decimal(0)
    problem: str = ""

    @property
    def protects(self) -> bool:
        """Whether it is the stop (and target) of a holding, not a trade of its own."""
        return self.leg.startswith(LEGS)


def client_order_id(proposal_id: str, version: int, leg: str) -> str:
    """Name an order by what it carries out, so that sending it twice is sending it once; legs show in their name."""
    return f"{OURS_LEGS if leg.startswith(LEGS) else OURS}{short_id(proposal_id, version, leg)}"


class OrderStatus(StrEnum):
    """What the broker says of an order."""

    ACCEPTED = "accepted"
    OPEN = "open"
    PARTIAL = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    UNKNOWN = "unknown"

    @property
    def is_final(self) -> bool:
        """Whether the broker will do nothing more with it."""
        return self in {OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.REJECTED}


class Order(Value):
    """An order as the broker tells it."""

    client_order_id: str
    broker_order_id: str
    symbol: str
    side: Side
    quantity: Decimal
    filled_quantity: Decimal = Decimal(0)
    average_price: Decimal | None = None
    status: OrderStatus
    order_type: OrderType = OrderType.MARKET
    submitted_at: datetime
    reason: str = ""


class Fill(Value):
    """One execution; `execution_id` is the broker's and unique. Commission in dollars.

    `leg` is which protective leg of the bracket was executed that `client_order_id` (the entry's) names; None for the
    order itself.
    """

    execution_id: str
    client_order_id: str
    symbol: str
    side: Side
    quantity: Decimal = Field(gt=0)
    price: Decimal = Field(gt=0)
    commission: Decimal = Decimal(0)
    at: datetime
    session: date
    leg: ExitKind | None = None


class RestingLeg(Value):
    """A stop or target that rests at the broker for a holding: what is left of it, and its price in dollars."""

    symbol: str
    kind: ExitKind
    quantity: Decimal
    price: Decimal


class Account(Value):
    """The broker's view of the money."""

    account_id: str
    paper: bool
    cash: Decimal
    equity: Decimal
    at: datetime
    margin: bool = False
    fractional: bool = False
    brackets: bool = False
    simulated: bool = False


class BrokerPosition(Value):
    """The broker's view of one holding; `average_price` in dollars, None where it does not say."""

    symbol: str
    quantity: Decimal
    average_price: Decimal | None = None


class BookedFill(Fill):
    """An execution as the ledger booked it, with the proposal it belongs to."""

    proposal_id: str
