"""Statements made once and run often, and the few that the two dialects write differently."""

from functools import cache
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from memory.ledger.held import has_key, named
from memory.ledger.prepared import Prepared, Rows
from memory.ledger.tables.base import Row, table_of

__all__ = ["add_once", "by_key", "insert_once", "put", "run", "table_of", "upsert"]


def run(session: Session, statement: Prepared, /, **values: object) -> Rows:
    """Run a statement in the session's transaction, after what the session has changed; rows come back plain.

    Make the statement once, at the head of a module: building one and mapping its rows to objects takes longer than
    SQLite takes to answer.
    """
    session.flush()
    return statement.run(session.connection(), values)


def by_key(session: Session, kind: type[Row], *key: object) -> Any:
    """Read the columns of the row with this primary key, to look at only; None where there is none."""
    return run(session, _by_key(table_of(kind)), **named(key)).first()


def insert_once(session: Session, row: Row) -> bool:
    """Insert `row` unless its key or a unique column exists; tell whether it was inserted."""
    return add_once(session, type(row), **_values(row))


def upsert(session: Session, row: Row) -> None:
    """Insert `row`, or overwrite the one with the same primary key."""
    put(session, type(row), **_values(row))


def add_once(session: Session, kind: type[Row], /, **values: Any) -> bool:
    """Insert a row of these columns unless its key or a unique column exists; tell whether it was inserted."""
    session.flush()
    connection = session.connection()
    statement = _inserting(table_of(kind), connection.dialect.name, tuple(values))
    return bool(statement.run(connection, values))


def put(session: Session, kind: type[Row], /, **values: Any) -> None:
    """Insert a row of these columns, or overwrite the one with the same primary key."""
    session.flush()
    connection = session.connection()
    _overwriting(table_of(kind), connection.dialect.name, tuple(values)).run(connection, values)


@cache
def _by_key(table: Table) -> Prepared:
    return Prepared(select(*table.c).where(*has_key(table)))


@cache
def _inserting(table: Table, dialect: str, names: tuple[str, ...]) -> Prepared:
    return Prepared(_insert(table, dialect).on_conflict_do_nothing().returning(*table.primary_key), names)


@cache
def _overwriting(table: Table, dialect: str, names: tuple[str, ...]) -> Prepared:
    statement = _insert(table, dialect)
    keys = [column.name for column in table.primary_key]
    rest = {name: statement.excluded[name] for name in names if name not in keys}
    return Prepared(statement.on_conflict_do_update(index_elements=keys, set_=rest), names)


def _insert(table: Table, dialect: str) -> Any:
    return (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table)


def _values(row: Row) -> dict[str, Any]:
    found = {column.name: getattr(row, column.name) for column in table_of(type(row)).columns}
    return {name: value for name, value in found.items() if not (value is None and name == "number")}
