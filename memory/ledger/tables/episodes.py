"""Episodes and what came of them."""

from datetime import date

from sqlalchemy import Index
from sqlmodel import Field

from memory.ledger.tables.base import Row
from memory.ledger.types import json


class EpisodeRow(Row, table=True):
    """One decision; `body` holds all of it, `spans_left` counts the outcomes it still lacks."""

    __tablename__ = "episode"
    __table_args__ = (Index(None, "portfolio", "session"), Index(None, "portfolio", "spans_left"))

    id: str = Field(primary_key=True)
    proposal_id: str | None = Field(default=None, foreign_key="proposal.id")
    portfolio: str
    symbol: str
    session: date
    spans_left: int
    body: dict[str, object] = json()


class OutcomeRow(Row, table=True):
    """What came of one decision after one span; `body` holds all of it."""

    __tablename__ = "outcome"
    __table_args__ = (Index(None, "portfolio", "until"),)

    episode_id: str = Field(primary_key=True, foreign_key="episode.id")
    span: str = Field(primary_key=True)
    portfolio: str
    until: date
    body: dict[str, object] = json()
