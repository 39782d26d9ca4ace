"""The base of every table: metadata of its own, so that foreign SQLModel tables never mix in."""

from functools import cache

from sqlalchemy import MetaData, Table, inspect
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
    table = inspect(kind).local_table
    assert isinstance(table, Table)
    return table
