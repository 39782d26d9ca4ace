"""The base of every table: metadata of its own, so that foreign SQLModel tables never mix in."""

from functools import cache
from typing import Any

from sqlalchemy import MetaData, Table
from sqlmodel import SQLModel

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Row(SQLModel):
    """A row of the ledger; not validated, because it is filled from validated values."""

    metadata = METADATA


@cache
def table_of(kind: type[Row]) -> Table:
    """The table that a row belongs to."""
    table: Any = kind.__table__  # type: ignore[attr-defined] # asking SQLAlchemy would map every class there is
    assert isinstance(table, Table)
    return table
