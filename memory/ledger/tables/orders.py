"""Order intents, what the broker said of them, fills and the holdings they add up to."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Index
from sqlmodel import Field

from domain.orders import IntentState, OrderStatus
from domain.proposal import OrderType
from domain.trade import ExitKind, Side
from memory.ledger.tables.base import Row
from memory.ledger.types import json, micro, one_of


class IntentRow(Row, table=True):
    """A promise to send one order; its fields are those of `OrderIntent`."""

    __tablename__ = "order_intent"
    __table_args__ = (Index(None, "portfolio", "state"), Index(None, "portfolio", "created_at"))

    client_order_id: str = Field(primary_key=True)
    portfolio: str = Field(foreign_key="portfolio.name")
    proposal_id: str = Field(foreign_key="proposal.id", index=True)
    version: int
    leg: str
    symbol: str
    side: Side = one_of(Side, "side")
    quantity: Decimal = micro()
    order_type: OrderType = one_of(OrderType, "order_type")
    limit_price: Decimal | None = micro(nullable=True)
    stop_price: Decimal | None = micro(nullable=True)
    take_profit_price: Decimal | None = micro(nullable=True)
    plan_stop: Decimal | None = micro(nullable=True)
    plan_target: Decimal | None = micro(nullable=True)
    reduces: bool
    session: date
    state: IntentState = one_of(IntentState, "state")
    attempt: int
    control_epoch: int
    collar_low: Decimal | None = micro(nullable=True)
    collar_high: Decimal | None = micro(nullable=True)
    created_at: datetime
    valid_until: datetime
    filled_quantity: Decimal = micro()
    problem: str


class BrokerOrderRow(Row, table=True):
    """The broker's last word on an order."""

    __tablename__ = "broker_order"

    client_order_id: str = Field(primary_key=True, foreign_key="order_intent.client_order_id")
    portfolio: str
    broker_order_id: str
    symbol: str
    side: Side = one_of(Side, "side")
    quantity: Decimal = micro()
    filled_quantity: Decimal = micro()
    average_price: Decimal | None = micro(nullable=True)
    status: OrderStatus = one_of(OrderStatus, "status")
    order_type: OrderType = one_of(OrderType, "order_type")
    submitted_at: datetime
    reason: str
    told_at: datetime


class FillRow(Row, table=True):
    """One execution, booked once."""

    __tablename__ = "fill"
    __table_args__ = (Index(None, "portfolio", "symbol", "at"), Index(None, "portfolio", "session"))

    execution_id: str = Field(primary_key=True)
    portfolio: str
    proposal_id: str
    client_order_id: str = Field(foreign_key="order_intent.client_order_id", index=True)
    symbol: str
    side: Side = one_of(Side, "side")
    quantity: Decimal = micro()
    price: Decimal = micro()
    commission: Decimal = micro()
    at: datetime
    session: date
    leg: ExitKind | None = one_of(ExitKind, "leg", nullable=True)


class PositionRow(Row, table=True):
    """A holding; `cost` is what it cost (or brought, when short) with commission, in dollars."""

    __tablename__ = "position"

    portfolio: str = Field(primary_key=True, foreign_key="portfolio.name")
    symbol: str = Field(primary_key=True)
    quantity: Decimal = micro()
    cost: Decimal = micro()
    opened: date
    plan: dict[str, object] | None = json(nullable=True)
    proposal_id: str
