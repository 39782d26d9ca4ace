"""Rows held for writing: read once in a transaction, changed like any object, written before whatever asks next."""

from functools import cache
from types import SimpleNamespace
from typing import Any, NamedTuple, TypeVar, cast

from sqlalchemy import Connection, Table, bindparam, select, update
from sqlmodel import Session

from memory.ledger.prepared import Prepared
from memory.ledger.tables import Row
from memory.ledger.tables.base import table_of

R = TypeVar("R", bound=Row)
HELD = "held"


class Transaction:
    """An open transaction. It serves as a `Session`, but becomes one only for those who map rows to objects."""

    def __init__(self, connection: Connection, *, autoflush: bool) -> None:
        self.bind = connection
        self.info: dict[str, Any] = {}
        self._autoflush = autoflush
        self._mapped: Session | None = None

    def connection(self) -> Connection:
        """The connection that is in it."""
        return self.bind

    def flush(self) -> None:
        """Write every change down, those of held rows first."""
        for kept in self.info.get(HELD, {}).values():
            kept.write(self)
        if self._mapped is not None:
            self._mapped.flush()

    def close(self) -> None:
        """Let go of the mapped objects, which keep their values."""
        if self._mapped is not None:
            self._mapped.close()

    def __getattr__(self, name: str) -> Any:
        if self._mapped is None:
            if not self.bind.in_transaction():
                self.bind.begin()  # the session's own would end with it
            self._mapped = Session(self.bind, autoflush=self._autoflush, join_transaction_mode="rollback_only")
        if self._autoflush:
            self.flush()
        return getattr(self._mapped, name)


def hold(session: Session, kind: type[R], *key: object) -> R | None:
    """Read a row and keep other writers from it until the end of the transaction; None where there is none.

    What is assigned to its columns is written with the next statement, or at the end. It is no mapped object: mapping
    one and finding out what has changed in it takes SQLAlchemy longer than the rest of the transaction.
    """
    kept: dict[object, _Kept] = session.info.setdefault(HELD, {})
    name = (kind, *key)
    if name not in kept:
        session.flush()
        table = table_of(kind)
        found = _holding(table).run(session.connection(), named(key)).first()
        if found is None:
            return None
        columns = found._asdict()
        kept[name] = _Kept(table, key, SimpleNamespace(**columns), columns)
    return cast("R", kept[name].row)


class _Kept(NamedTuple):
    table: Table
    key: tuple[object, ...]
    row: SimpleNamespace
    stored: dict[str, Any]

    def write(self, session: Transaction) -> None:
        said = vars(self.row)
        changed = {name: said[name] for name, was in self.stored.items() if said[name] is not was}
        if changed:
            _changing(self.table, tuple(changed)).run(session.connection(), {**changed, **named(self.key)})
            self.stored.update(changed)


def named(key: tuple[object, ...]) -> dict[str, object]:
    """Name the values of a primary key as `has_key` asks for them."""
    return {f"key_{at}": value for at, value in enumerate(key)}


def has_key(table: Table) -> Any:
    """The conditions that find a row by its primary key, with parameters for its values."""
    return [column == bindparam(f"key_{at}") for at, column in enumerate(table.primary_key)]


@cache
def _holding(table: Table) -> Prepared:
    return Prepared(select(*table.c).where(*has_key(table)).with_for_update())


@cache
def _changing(table: Table, names: tuple[str, ...]) -> Prepared:
    return Prepared(update(table).where(*has_key(table)), names)
