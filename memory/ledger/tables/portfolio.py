"""A portfolio's account: cash, clock, highs, control state, flows and equity."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from sqlmodel import Field

from domain.book import ControlState
from memory.ledger.tables.base import Row
from memory.ledger.types import micro, one_of


class PortfolioRow(Row, table=True):
    """One portfolio: `units` are shares of it (1 dollar each at the start), `session` is its clock."""

    __tablename__ = "portfolio"

    name: str = Field(primary_key=True)
    session: date | None = None
    cash: Decimal = micro()
    units: Decimal = micro()
    reference_high: float = 1.0
    all_time_high: float = 1.0
    created_at: datetime


class ControlRow(Row, table=True):
    """What the desk may do with a portfolio at all."""

    __tablename__ = "control"

    portfolio: str = Field(primary_key=True, foreign_key="portfolio.name")
    state: ControlState = one_of(ControlState, "state")
    epoch: int = 0
    reason: str = ""
    changed_at: datetime


class FlowKind(StrEnum):
    """Why money came or went."""

    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    RESET = "reset"


class FlowRow(Row, table=True):
    """Money that came or went from outside; `number` counts from 1 within the portfolio."""

    __tablename__ = "flow"

    portfolio: str = Field(primary_key=True, foreign_key="portfolio.name")
    number: int = Field(primary_key=True)
    kind: FlowKind = one_of(FlowKind, "kind")
    amount: Decimal = micro()
    units: Decimal = micro()
    session: date
    at: datetime


class EquityPointRow(Row, table=True):
    """Equity at the open of a session, and what one unit was worth."""

    __tablename__ = "equity_point"

    portfolio: str = Field(primary_key=True, foreign_key="portfolio.name")
    session: date = Field(primary_key=True)
    equity: Decimal = micro()
    unit_value: float
    at: datetime
