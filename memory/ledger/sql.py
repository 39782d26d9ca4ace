"""The few statements that the two dialects write differently."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Table, inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from memory.ledger.tables import Row


def insert_once(session: Session, row: Row) -> bool:
    """Insert `row` unless its key or a unique column exists; tell whether it was inserted."""
    session.flush()
    connection = session.connection()
    return connection.execute(_inserting(_table(row), connection.dialect.name), _values(row)).first() is not None


def upsert(session: Session, row: Row) -> None:
    """Insert `row`, or overwrite the one with the same primary key."""
    session.flush()
    connection = session.connection()
    values = _values(row)
    connection.execute(_overwriting(_table(row), connection.dialect.name, tuple(values)), values)


@cache
def _inserting(table: Table, dialect: str) -> Any:
    return _insert(table, dialect).on_conflict_do_nothing().returning(*table.primary_key)


@cache
def _overwriting(table: Table, dialect: str, names: tuple[str, ...]) -> Any:
    statement = _insert(table, dialect)
    keys = [column.name for column in table.primary_key]
    rest = {name: statement.excluded[name] for name in names if name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=rest)


def _insert(table: Table, dialect: str) -> Any:
    return (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table)


def _table(row: Row) -> Table:
    table = inspect(type(row)).local_table
    assert isinstance(table, Table)
    return table


def _values(row: Row) -> Mapping[str, Any]:
    found = {column.name: getattr(row, column.name) for column in _table(row).columns}
    return {name: value for name, value in found.items() if not (value is None and name == "number")}
