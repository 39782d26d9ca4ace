"""Bring a database to head inside the caller's transaction; no alembic.ini, paths are relative to this file."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script.revision import ResolutionError
from alembic.util import CommandError
from sqlalchemy import Connection

from domain.errors import LedgerDamaged


def configuration(connection: Connection | None = None) -> Config:
    """Configure Alembic for this folder and, where given, an open connection."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection, source: Path | str) -> None:
    """Run all migrations that are missing; raises LedgerDamaged where `source` has a version nobody knows."""
    try:
        command.upgrade(configuration(connection), "head")
    except (CommandError, ResolutionError) as error:
        raise LedgerDamaged(
            f"{source} has a version this program does not know: {error}",
            "use the program that wrote it, restore a copy of PM_HOME, or start a new one with another PM_HOME",
        ) from error
