"""Statements compiled once: what is asked at every step goes to the driver without being put together again."""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import BindParameter, ClauseElement, Connection, Dialect, Executable
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import iterate

Convert = Callable[[Any], Any]
MOST_FORMS = 64


class Rows(list[Any]):
    """All that a statement returned, each row a named tuple of its columns."""

    def all(self) -> "Rows":
        """Every row."""
        return self

    def first(self) -> Any:
        """The first row, None where there is none."""
        return self[0] if self else None

    def scalars(self) -> list[Any]:
        """The first column of each row."""
        return [row[0] for row in self]


class Prepared:
    """A statement with `bindparam` for all that changes, lists of values (`expanding`) among it.

    Compiling it and converting values and columns is SQLAlchemy's work, running it the driver's own: SQLAlchemy takes
    several times longer to run a statement that it knows than SQLite takes to answer.
    """

    def __init__(self, statement: Executable, columns: Sequence[str] | None = None) -> None:
        """Keep the statement; it is compiled for a dialect, and for lists of a length, when those first come up.

        `columns` are those that an INSERT or UPDATE gets from the values of their names.
        """
        self._statement = statement
        self._columns = columns
        params = [part for part in iterate(cast("ClauseElement", statement)) if isinstance(part, BindParameter)]
        self._lists = tuple(param.key for param in params if param.expanding and param.required)
        self._forms: dict[object, _Form] = {}

    def run(self, connection: Connection, values: Mapping[str, Any]) -> Rows:
        """Run it in the connection's open transaction; raises what SQLAlchemy would."""
        key = (connection.dialect.name, *(len(values[name]) for name in self._lists))
        form = self._forms.get(key)
        if form is None:
            if len(self._forms) >= MOST_FORMS:
                self._forms.clear()
            form = self._forms[key] = _Form(self._statement, self._columns, connection.dialect, values)
        return form.run(connection, values)


class _Form:
    """A statement as one dialect writes it, for lists of one length."""

    def __init__(
        self, statement: Executable, columns: Sequence[str] | None, dialect: Dialect, values: Mapping[str, Any]
    ) -> None:
        compiled = cast("SQLCompiler", statement.compile(dialect=dialect, column_keys=columns))  # type: ignore[attr-defined]
        state = compiled.construct_expanded_state(dict(values))
        self._text = state.statement
        self._order = state.positiontup
        self._lists = {name: state.parameter_expansion[name] for name in values if name in state.parameter_expansion}
        changing = {*values, *(name for names in self._lists.values() for name in names)}
        own = {name: param.type.dialect_impl(dialect).bind_processor(dialect) for name, param in compiled.binds.items()}
        bind = {name: convert for name, convert in {**own, **state.processors}.items() if convert is not None}
        self._fixed = {
            name: bind[name](value) if name in bind else value
            for name, value in state.parameters.items()
            if name not in changing
        }
        self._bind = [(name, bind[name]) for name in state.parameters if name in changing and name in bind]
        told: list[Any] = list(getattr(statement, "exported_columns", ()))
        self._row: Any = _shape([column.name for column in told])
        self._types = [column.type for column in told]
        self._read: list[tuple[int, Convert]] | None = None

    def run(self, connection: Connection, values: Mapping[str, Any]) -> Rows:
        given = {**self._fixed, **values}
        for name, names in self._lists.items():
            given.update(zip(names, given.pop(name), strict=True))
        for name, convert in self._bind:
            given[name] = convert(given[name])
        told: Any = given if self._order is None else [given[name] for name in self._order]
        driver: Any = connection.connection.driver_connection
        try:
            cursor = driver.execute(self._text, told)
            found = cursor.fetchall() if cursor.description else []
        except connection.dialect.loaded_dbapi.Error as error:
            raise self._as_sqlalchemy(connection, error) from error
        if self._read is None:
            self._read = self._reading(connection.dialect, cursor.description or ())
        return Rows(self._row._make(self._convert(row, self._read)) for row in found)

    def _convert(self, row: Sequence[Any], read: Sequence[tuple[int, Convert]]) -> Sequence[Any]:
        if not read:
            return row
        values = list(row)
        for at, convert in read:
            values[at] = convert(values[at])
        return values

    def _reading(self, dialect: Dialect, described: Sequence[Any]) -> list[tuple[int, Convert]]:
        if len(described) != len(self._types):
            raise TypeError(f"{len(described)} columns came back, {len(self._types)} were asked for: {self._text}")
        kinds = zip(self._types, described, strict=True)
        found = (kind.dialect_impl(dialect).result_processor(dialect, told[1]) for kind, told in kinds)
        return [(at, convert) for at, convert in enumerate(found) if convert is not None]

    def _as_sqlalchemy(self, connection: Connection, error: Exception) -> BaseException:
        dialect = connection.dialect
        lost = dialect.is_disconnect(cast("Any", error), connection.connection, None)
        if lost:
            connection.invalidate(error)
        return DBAPIError.instance(
            self._text,
            {},
            error,
            dialect.loaded_dbapi.Error,
            hide_parameters=True,
            connection_invalidated=lost,
            dialect=dialect,
        )


def _shape(names: Sequence[str]) -> Any:
    return namedtuple("Row", names, rename=True)  # noqa: PYI024 - the columns of any statement
