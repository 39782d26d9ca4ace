"""What stated confidences have turned out to be worth, for each origin of a portfolio."""

from datetime import datetime

from sqlmodel import Field

from domain.proposal import Origin
from memory.ledger.tables.base import Row
from memory.ledger.types import json, one_of


class CalibrationRow(Row, table=True):
    """The newest map of one origin; `body` is a `Calibration`."""

    __tablename__ = "calibration"

    portfolio: str = Field(primary_key=True, foreign_key="portfolio.name")
    origin: Origin = one_of(Origin, "origin", primary_key=True)
    body: dict[str, object] = json()
    at: datetime
