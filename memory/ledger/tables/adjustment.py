"""What changed holdings without an order of ours."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from domain.adjustment import AdjustmentKind
from memory.ledger.tables.base import Row
from memory.ledger.types import json, micro, one_of


class AdjustmentRow(Row, table=True):
    """One adjustment; its fields are those of `Adjustment`, `number` counts from 1 within the portfolio.

    `carried` are the units of a holding that a rename moved, `cost` what they cost; `at` is when it counts.
    """

    __tablename__ = "adjustment"
    __table_args__ = (UniqueConstraint("portfolio", "key"), Index(None, "portfolio", "symbol"))

    portfolio: str = Field(primary_key=True, foreign_key="portfolio.name")
    number: int = Field(primary_key=True)
    key: str
    kind: AdjustmentKind = one_of(AdjustmentKind, "kind")
    symbol: str
    new_symbol: str | None = None
    new_units: int
    old_units: int
    quantity: Decimal = micro()
    cash: Decimal = micro()
    price: Decimal | None = micro(nullable=True)
    carried: Decimal = micro()
    cost: Decimal = micro()
    opened: date | None = None
    proposal_id: str | None = None
    plan: dict[str, object] | None = json(nullable=True)
    session: date
    at: datetime
    by: str
    reason: str
