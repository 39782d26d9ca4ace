"""Statements compiled once: what is asked at every step goes to the driver without being put together again."""

from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, cast

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
        dialect = connection.dialect.name
        key = (dialect, *(len(values[name]) for name in self._lists)) if self._lists else dialect
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
        self._by_position = state.positiontup is not None
        own = {name: param.type.dialect_impl(dialect).bind_processor(dialect) for name, param in compiled.binds.items()}
        convert = {**own, **state.processors}
        of_list = {
            member: (name, at) for name in values for at, member in enumerate(state.parameter_expansion.get(name, ()))
        }
        self._given: list[_Given] = []
        for name in state.parameters if state.positiontup is None else state.positiontup:
            source, place = of_list.get(name, (name, None))
            if source in values:
                self._given.append(_Given(name, source, place, convert.get(name), None))
            else:
                value, fixed = state.parameters[name], convert.get(name)
                self._given.append(_Given(name, None, None, None, fixed(value) if fixed else value))
        single = [(given.source, given.convert) for given in self._given if given.source and given.place is None]
        self._single = single if len(single) == len(self._given) else None
        """Where neither lists nor fixed values are among them."""
        told: list[Any] = list(getattr(statement, "exported_columns", ()))
        self._row: Any = _shape([column.name for column in told])
        self._types = [column.type for column in told]
        self._read: list[tuple[int, Convert]] | None = None

    def run(self, connection: Connection, values: Mapping[str, Any]) -> Rows:
        told: Any
        if self._single is not None:
            told = [values[name] if convert is None else convert(values[name]) for name, convert in self._single]
        else:
            told = [given.fixed if given.source is None else _told(given, values) for given in self._given]
        if not self._by_position:
            told = {given.name: value for given, value in zip(self._given, told, strict=True)}
        driver: Any = connection.connection.driver_connection
        try:
            cursor = driver.execute(self._text, told)
            found = cursor.fetchall() if cursor.description else []
        except connection.dialect.loaded_dbapi.Error as error:
            raise self._as_sqlalchemy(connection, error) from error
        if self._read is None:
            self._read = self._reading(connection.dialect, cursor.description or ())
        return Rows(map(self._row._make, found if not self._read else _converted(found, self._read)))

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


class _Given(NamedTuple):
    """One value that the driver is told: of which name, or which place in a list of that name; or always the same."""

    name: str
    source: str | None
    place: int | None
    convert: Convert | None
    fixed: Any


def _told(given: _Given, values: Mapping[str, Any]) -> Any:
    _, source, place, convert, _ = given
    value = values[source] if place is None else values[source][place]  # type: ignore[index]
    return value if convert is None else convert(value)


def _converted(found: Iterable[Sequence[Any]], read: Sequence[tuple[int, Convert]]) -> Iterator[Sequence[Any]]:
    for row in found:
        values = list(row)
        for at, convert in read:
            values[at] = convert(values[at])
        yield values


def _shape(names: Sequence[str]) -> Any:
    return namedtuple("Row", names, rename=True)  # noqa: PYI024 - the columns of any statement
