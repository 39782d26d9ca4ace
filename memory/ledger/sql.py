"""The few statements that the two dialects write differently."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table, inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from memory.ledger.tables import Row


def insert_once(session: Session, row: Row) -> bool:
    """Insert `row` unless its key or a unique column exists; tell whether it was inserted."""
    table, values = _table(row), _values(row)
    statement = _insert(session, table).values(values).on_conflict_do_nothing().returning(*table.primary_key)
    return session.exec(statement).first() is not None


def upsert(session: Session, row: Row) -> None:
    """Insert `row`, or overwrite the one with the same primary key."""
    table, values = _table(row), _values(row)
    keys = [column.name for column in table.primary_key]
    rest = {name: value for name, value in values.items() if name not in keys}
    session.exec(_insert(session, table).values(values).on_conflict_do_update(index_elements=keys, set_=rest))


def _insert(session: Session, table: Table) -> Any:
    make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    return make(table)


def _table(row: Row) -> Table:
    table = inspect(type(row)).local_table
    assert isinstance(table, Table)
    return table


def _values(row: Row) -> Mapping[str, Any]:
    found = {column.name: getattr(row, column.name) for column in _table(row).columns}
    return {name: value for name, value in found.items() if not (value is None and name == "number")}
