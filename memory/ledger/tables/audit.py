"""The audit chain."""

from datetime import datetime

from sqlmodel import Field

from memory.ledger.tables.base import Row


class AuditTableRow(Row, table=True):
    """One link of a chain, named for its portfolio or `system`; `detail` is the very text that was hashed."""

    __tablename__ = "audit"

    chain: str = Field(primary_key=True)
    sequence: int = Field(primary_key=True)
    at: datetime
    actor: str
    action: str
    subject: str
    detail: str
    previous_hash: str
    hash: str


class AuditHeadRow(Row, table=True):
    """How long a chain is and how it ends, so that a cut tail shows."""

    __tablename__ = "audit_head"

    chain: str = Field(primary_key=True)
    length: int
    hash: str
