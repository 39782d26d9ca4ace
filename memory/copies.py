"""Copies of everything that must not be lost: SQLite's online backup, or PostgreSQL's tables from one transaction."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString

from domain.errors import LedgerDamaged, OperatorNeeded
from memory.ledger.migrations import HEAD
from memory.ledger.opening import OPENING_SECONDS
from memory.ledger.tables import METADATA
from memory.locks import hold_file
from memory.postgres import PostgresUrl, options

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.sql import Composed

FILES = ("ledger.sqlite", "checkpoints.sqlite", "broker.sqlite")
"""In this order: a broker that is copied later knows at least every order that the ledger knows."""
TABLES_OF_CHECKPOINTS = ("checkpoint_migrations", "checkpoints", "checkpoint_blobs", "checkpoint_writes")
NO_TIMEOUT_MS = 0
BLOCK = 1 << 20


def copy_files(home: Path, target: Path) -> tuple[Path, ...]:
    """Copy the databases of `home` into `target` while others go on using them; return the copies.

    Raises:
        LedgerDamaged: there is no ledger, or a file can't be read.
    """
    if not (home / FILES[0]).exists():
        raise LedgerDamaged(f"{home} holds no ledger", "name another PM_HOME, or run something first")
    made = []
    for name in FILES:
        if (home / name).exists():
            try:
                with closing(sqlite3.connect(home / name)) as source, closing(sqlite3.connect(target / name)) as copy:
                    source.backup(copy)
            except sqlite3.Error as error:
                raise LedgerDamaged(f"{home / name} can't be copied: {error}", "see `pm doctor`") from error
            made.append(target / name)
    return tuple(made)


def put_files(source: Path, home: Path) -> None:
    """Put copied databases into a home that has none.

    Raises:
        OperatorNeeded: there is a ledger already; nothing is overwritten.
    """
    home.mkdir(parents=True, exist_ok=True)
    with hold_file(home / "open.lock", str(home), OPENING_SECONDS):
        taken = [name for name in FILES if (home / name).exists()]
        if taken:
            raise OperatorNeeded(
                f"{home} holds {taken[0]} already", "move it aside with `pm reset`, or name another home"
            )
        for name in FILES:
            if (source / name).exists():
                fresh = home / f"{name}.new"
                fresh.write_bytes((source / name).read_bytes())
                with fresh.open("rb") as written:
                    os.fsync(written.fileno())
                fresh.rename(home / name)


def copy_tables(url: PostgresUrl, target: Path) -> tuple[Path, ...]:
    """Copy every table of ledger and checkpoints into `target`, all as of one moment; return the copies.

    Raises:
        LedgerDamaged: the database holds no ledger of this version.
        DatabaseUnreachable: nobody answers there, or not to us.
    """
    with closing(_connect(url)) as connection:
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        _check_version(connection, url)
        made = []
        for table, columns in _tables(connection):
            path = target / f"{table}.copy"
            (path.with_suffix(".columns")).write_text("\n".join(columns), encoding="utf-8")
            out = _copy("COPY {} ({}) TO STDOUT (FORMAT BINARY)", table, columns)
            with path.open("wb") as file, connection.cursor() as cursor, cursor.copy(out) as rows:
                for block in rows:
                    file.write(block)
            made += [path, path.with_suffix(".columns")]
        connection.execute("ROLLBACK")
        return tuple(made)


def put_tables(source: Path, url: PostgresUrl) -> None:
    """Fill the empty tables of a database that was opened before, in one transaction.

    Raises:
        OperatorNeeded: the ledger there is not empty; nothing is overwritten.
        LedgerDamaged: what is to be put there has another version.
    """
    with closing(_connect(url)) as connection, connection.transaction():
        _check_version(connection, url)
        full = connection.execute("SELECT name FROM portfolio LIMIT 1").fetchone()
        if full:
            raise OperatorNeeded(
                f"{url} holds portfolio {full[0]!r} already", "name an empty database in PM_DATABASE_URL"
            )
        for table, _ in _tables(connection):
            path = source / f"{table}.copy"
            if not path.exists():
                continue
            connection.execute(_copy("DELETE FROM {}", table))
            into = _copy(
                "COPY {} ({}) FROM STDIN (FORMAT BINARY)", table, path.with_suffix(".columns").read_text().splitlines()
            )
            with path.open("rb") as file, connection.cursor() as cursor, cursor.copy(into) as rows:
                while block := file.read(BLOCK):
                    rows.write(block)
        connection.execute(
            "SELECT setval(pg_get_serial_sequence('model_call', 'number'), coalesce(max(number), 1)) FROM model_call"
        )


def _copy(statement: LiteralString, table: str, columns: Sequence[str] = ()) -> "Composed":
    from psycopg import sql  # noqa: PLC0415 - a desk on SQLite needs no driver

    listed = [sql.SQL(", ").join(map(sql.Identifier, columns))] if columns else []
    return sql.SQL(statement).format(sql.Identifier(table), *listed)


def _connect(url: PostgresUrl) -> "Connection[Any]":
    import psycopg  # noqa: PLC0415 - a desk on SQLite needs no driver

    try:
        return psycopg.connect(url.for_psycopg, autocommit=True, **options(NO_TIMEOUT_MS))
    except psycopg.OperationalError as error:
        raise url.unreachable(error) from None


def _check_version(connection: "Connection[Any]", url: PostgresUrl) -> None:
    import psycopg  # noqa: PLC0415 - the same

    try:
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except psycopg.errors.UndefinedTable:
        found = None
    if found is None or found[0] != HEAD:
        version = found[0] if found else None
        raise LedgerDamaged(f"{url} has version {version}, this code has {HEAD}", "use the version it was made with")


def _tables(connection: "Connection[Any]") -> Iterator[tuple[str, list[str]]]:
    """Name the tables that are there, those that others point to first, each with its columns."""
    wanted = [table.name for table in METADATA.sorted_tables] + list(TABLES_OF_CHECKPOINTS)
    for table in wanted:
        rows = connection.execute(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = current_schema() AND table_name = %s AND is_generated = 'NEVER'"
            " ORDER BY ordinal_position",
            [table],
        ).fetchall()
        if rows:
            yield table, [name for (name,) in rows]
