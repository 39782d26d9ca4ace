"""`pm reset`, `pm doctor`, `pm graph`: start over, check the parts, draw the machines."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from domain.errors import BadInput, OperatorNeeded
from workers.cli.options import DEFAULT_PORTFOLIO, Json, Portfolio


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @app.command()
    def reset(
        yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
        as_json: Json = False,
    ) -> None:
        """Start over; the old state is moved aside.

        Ledger, checkpoints and broker file go into PM_HOME/archive; nothing is deleted. The cache of model answers
        stays where it is.
        """
        from workers.cli import output
        from workers.reset import archive
        from workers.settings import read_settings

        settings = read_settings()
        if settings.postgres is not None:
            raise OperatorNeeded(
                f"the ledger is in PostgreSQL, at {settings.postgres}, and pm reset moves files only",
                "name a new database in PM_DATABASE_URL and a new PM_HOME",
            )
        if not yes:
            _confirm(settings.home_path, as_json=as_json)
        moved = archive(settings.home_path)
        if as_json:
            output.json_line({"archived_to": str(moved) if moved else None})
        else:
            output.say(f"moved to {moved}" if moved else f"{settings.home_path} holds no state: nothing to do")

    @app.command()
    def doctor(portfolio: Portfolio = DEFAULT_PORTFOLIO, as_json: Json = False) -> None:
        """Check every part by using it, and say how to mend it."""
        from workers.cli import output
        from workers.doctor import examine

        checks = examine(portfolio)
        if as_json:
            output.json_line([check.model_dump(mode="json") for check in checks])
        else:
            output.checks(checks)
        if any(not check.ok for check in checks):
            raise typer.Exit(1)

    @app.command()
    def graph(portfolio: Portfolio = DEFAULT_PORTFOLIO) -> None:
        """Print the two machines as Mermaid."""
        from workers.cli import output
        from workers.wiring import wire

        with wire(portfolio) as wired:
            output.say(wired.runner.mermaid("decide"))
            output.say(wired.runner.mermaid("settle"))


def _confirm(home: Path, *, as_json: bool) -> None:
    if as_json or not sys.stdin.isatty():
        raise BadInput(f"reset moves all portfolios in {home} aside", "say that you mean it: add --yes")
    typer.confirm(f"Move all portfolios in {home} aside and start over?", abort=True)
