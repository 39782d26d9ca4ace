"""What came in from people, the cards they act on, first confirmations, and how far they were told."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, Index
from sqlmodel import Field

from domain.people import CardKind
from memory.ledger.tables.base import Row
from memory.ledger.types import json, one_of


def _big(*, primary_key: bool = False) -> Column[int]:
    return Column(BigInteger, primary_key=primary_key, autoincrement=False, nullable=False)


class TelegramUpdateRow(Row, table=True):
    """An update as it came, stored before it was acknowledged; `done_at` is None until it was dealt with."""

    __tablename__ = "telegram_update"
    __table_args__ = (Index(None, "portfolio", "done_at"),)

    portfolio: str = Field(primary_key=True)
    update_id: int = Field(sa_column=_big(primary_key=True))
    body: dict[str, object] = json()
    received_at: datetime
    done_at: datetime | None = None


class CardRow(Row, table=True):
    """A message that people may act on; its fields are those of `Card`."""

    __tablename__ = "card"
    __table_args__ = (Index(None, "portfolio", "open"),)

    portfolio: str = Field(primary_key=True)
    chat: int = Field(sa_column=_big(primary_key=True))
    message: int = Field(sa_column=_big(primary_key=True))
    kind: CardKind = one_of(CardKind, "kind")
    subject: str
    version: int
    detail: str
    person: int = Field(sa_column=_big())
    shown: str
    sent_at: datetime
    until: datetime | None = None
    open: bool


class ConsentRow(Row, table=True):
    """One person's yes to something that takes two."""

    __tablename__ = "consent"

    portfolio: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    person: str = Field(primary_key=True)
    quantity: float
    at: datetime


class ToldRow(Row, table=True):
    """Up to which row of the audit chain people were told what happened."""

    __tablename__ = "told"

    portfolio: str = Field(primary_key=True)
    sequence: int
