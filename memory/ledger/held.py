"""Rows held for writing: read once in a transaction, changed like any object, written before whatever asks next."""

from functools import cache
from types import SimpleNamespace
from typing import Any, NamedTuple, TypeVar, cast

from sqlalchemy import Table, bindparam, select, update
from sqlmodel import Session

from memory.ledger.prepared import Prepared
from memory.ledger.tables import Row
from memory.ledger.tables.base import table_of

R = TypeVar("R", bound=Row)
HELD = "held"


class LedgerSession(Session):
    """A transaction of the ledger, which also writes what was changed in the rows it holds."""

    def flush(self, objects: Any = None) -> None:
        """Write every change down, those of held rows first."""
        for kept in self.info.get(HELD, {}).values():
            kept.write(self)
        super().flush(objects)


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
        found = _holding(table).run(session.connection(), _named(key)).first()
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

    def write(self, session: Session) -> None:
        said = vars(self.row)
        changed = {name: said[name] for name, was in self.stored.items() if said[name] is not was}
        if changed:
            _changing(self.table, tuple(changed)).run(session.connection(), {**changed, **_named(self.key)})
            self.stored.update(changed)


def _named(key: tuple[object, ...]) -> dict[str, object]:
    return {f"key_{at}": value for at, value in enumerate(key)}


def _by_key(table: Table) -> Any:
    return [column == bindparam(f"key_{at}") for at, column in enumerate(table.primary_key)]


@cache
def _holding(table: Table) -> Prepared:
    return Prepared(select(*table.c).where(*_by_key(table)).with_for_update())


@cache
def _changing(table: Table, names: tuple[str, ...]) -> Prepared:
    return Prepared(update(table).where(*_by_key(table)), names)
