"""`pm reset`, `pm doctor`, `pm graph`: start over, check the parts, draw the machines."""

from typing import Annotated

import typer

from workers.cli.options import DEFAULT_PORTFOLIO, Json, Portfolio


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @app.command()
    def reset(
        yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
        as_json: Json = False,
    ) -> None:
        """Start over: move ledger, checkpoints and broker file into PM_HOME/archive; nothing is deleted."""
        from workers.cli import output
        from workers.reset import archive
        from workers.settings import read_settings

        settings = read_settings()
        if not yes and not as_json:
            typer.confirm(f"Move all portfolios in {settings.home_path} aside and start over?", abort=True)
        moved = archive(settings.home_path)
        if as_json:
            output.json_line({"archived_to": str(moved) if moved else None})
        else:
            output.say(f"moved to {moved}" if moved else f"{settings.home_path} holds no state: nothing to do")

    @app.command()
    def doctor(portfolio: Portfolio = DEFAULT_PORTFOLIO, as_json: Json = False) -> None:
        """Check every part: settings, mandate, policy, data, broker, ledger, audit chain."""
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
        """Print the two machines, decide and settle, as Mermaid."""
        from workers.cli import output
        from workers.wiring import wire

        with wire(portfolio) as wired:
            output.say(wired.runner.mermaid("decide"))
            output.say(wired.runner.mermaid("settle"))
