"""Orders at the broker that are not ours, as they stood at the last look."""

from datetime import datetime
from decimal import Decimal

from sqlmodel import Field

from domain.trade import Side
from memory.ledger.tables.base import Row
from memory.ledger.types import micro, one_of


class ExternalOrderRow(Row, table=True):
    """One open order that somebody placed at the broker without us; `quantity` is what is left of it."""

    __tablename__ = "external_order"

    portfolio: str = Field(primary_key=True, foreign_key="portfolio.name")
    broker_order_id: str = Field(primary_key=True)
    symbol: str
    side: Side = one_of(Side, "side")
    quantity: Decimal = micro()
    first_seen: datetime
