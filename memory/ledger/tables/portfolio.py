"""A portfolio's account: cash, clock, highs, control state, flows and equity."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from domain.book import ControlState
from domain.records import Cause, FlowKind
from memory.ledger.tables.base import Row
from memory.ledger.types import micro, one_of


class PortfolioRow(Row, table=True):
    """One portfolio: `units` are shares of it (1 dollar each at the start), `session` is its clock.

    `account_seen_at` is when the broker's account was last compared with the book.
    """

    __tablename__ = "portfolio"

    name: str = Field(primary_key=True)
    session: date | None = None
    cash: Decimal = micro()
    units: Decimal = micro()
    reference_high: float = 1.0
    all_time_high: float = 1.0
    created_at: datetime
    account_seen_at: datetime | None = None


class ControlRow(Row, table=True):
    """What the desk may do with a portfolio at all."""

    __tablename__ = "control"

    portfolio: str = Field(primary_key=True, foreign_key="portfolio.name")
    state: ControlState = one_of(ControlState, "state")
    epoch: int = 0
    reason: str = ""
    by: str = ""
    cause: Cause = one_of(Cause, "cause")
    session: date | None = None
    changed_at: datetime
    resume_asked_by: str = ""
    resume_asked_at: datetime | None = None


class BreakerActRow(Row, table=True):
    """Something a breaker has done and will not do again; `name` says what, at which level, from which high."""

    __tablename__ = "breaker_act"

    portfolio: str = Field(primary_key=True, foreign_key="portfolio.name")
    name: str = Field(primary_key=True)
    at: datetime


class MismatchRow(Row, table=True):
    """A difference to the broker, there at the last look; its fields are those of `Mismatch`."""

    __tablename__ = "mismatch"

    portfolio: str = Field(primary_key=True, foreign_key="portfolio.name")
    symbol: str = Field(primary_key=True)
    book: Decimal = micro()
    broker: Decimal = micro()
    first_seen: datetime
    last_seen: datetime
    sightings: int
    survived: bool


class FlowRow(Row, table=True):
    """Money that came or went from outside; `number` counts from 1 within the portfolio."""

    __tablename__ = "flow"
    __table_args__ = (UniqueConstraint("portfolio", "key"),)

    portfolio: str = Field(primary_key=True, foreign_key="portfolio.name")
    number: int = Field(primary_key=True)
    kind: FlowKind = one_of(FlowKind, "kind")
    amount: Decimal = micro()
    units: Decimal = micro()
    session: date
    at: datetime
    key: str


class EquityPointRow(Row, table=True):
    """Equity at the open of a session, and what one unit was worth; `previous` is the session before it."""

    __tablename__ = "equity_point"

    portfolio: str = Field(primary_key=True, foreign_key="portfolio.name")
    session: date = Field(primary_key=True)
    previous: date | None = None
    equity: Decimal = micro()
    unit_value: float
    at: datetime
