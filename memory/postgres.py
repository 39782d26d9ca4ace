"""Where PostgreSQL is: reads the URL, makes connections, and says plainly why one can't be had."""

import hashlib
from typing import Any

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from domain.errors import BadInput, OperatorNeeded

DIALECT = "postgresql+psycopg"
SPOKEN = frozenset({DIALECT, "postgresql", "postgres"})
CONNECT_SECONDS = 5
REMEDY = "start the server, or correct PM_DATABASE_URL"


class DatabaseUnreachable(OperatorNeeded):
    """PostgreSQL does not let us in: not there, another password, no such database."""


class PostgresUrl:
    """The address of one database; neither `str` nor `repr` shows the password."""

    def __init__(self, text: str) -> None:
        """Read `text`; raises BadInput where it is no address of a PostgreSQL database."""
        try:
            url = make_url(text)
        except (ArgumentError, ValueError):
            raise BadInput("PM_DATABASE_URL can't be read as a URL", _EXAMPLE) from None
        if url.drivername not in SPOKEN:
            raise BadInput(f"PM_DATABASE_URL speaks {url.drivername!r}, not PostgreSQL", _EXAMPLE)
        if not url.database:
            raise BadInput("PM_DATABASE_URL names no database", _EXAMPLE)
        self._url = url.set(drivername=DIALECT)

    def __str__(self) -> str:
        """Show host and database only."""
        host = self._url.host or self._url.query.get("host") or "localhost"
        port = f":{self._url.port}" if self._url.port else ""
        return f"{host}{port}/{self._url.database}"

    __repr__ = __str__

    @property
    def for_sqlalchemy(self) -> URL:
        """The URL as SQLAlchemy reads it; its own `str` masks the password."""
        return self._url

    @property
    def for_psycopg(self) -> str:
        """The URL as psycopg reads it, password included: never show it."""
        return self._url.set(drivername="postgresql").render_as_string(hide_password=False)

    def unreachable(self, error: BaseException) -> DatabaseUnreachable:
        """Say in one line why nobody could connect."""
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        why = next(
            (line for line in reversed(lines) if "FATAL" in line or "failed" in line), lines[-1] if lines else ""
        )
        return DatabaseUnreachable(
            f"the database {self} can't be reached: {why.rpartition('FATAL:')[2].strip()}", REMEDY
        )


def options(statement_timeout_ms: int) -> dict[str, Any]:
    """Tell what every connection of ours asks for: UTC, bounded statements, no transaction that is left standing."""
    settings = (
        "-c timezone=UTC",
        f"-c statement_timeout={statement_timeout_ms}",
        "-c idle_in_transaction_session_timeout=60000",
        "-c tcp_keepalives_idle=30",
    )
    return {"connect_timeout": CONNECT_SECONDS, "options": " ".join(settings), "application_name": "portfolio-agent"}


def advisory_key(*parts: str) -> int:
    """Name an advisory lock: 64 signed bits of the hash of `parts`."""
    return int.from_bytes(hashlib.sha256("\x00".join(parts).encode()).digest()[:8], "big", signed=True)


_EXAMPLE = "write it like postgresql+psycopg://user:password@host:5432/database"
