"""`pm cost`: what the model cost, by run, day and model, and how much of each cap is used."""

from typing import Annotated

import typer

from workers.cli.options import Json, Portfolio


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def cost(
        slot: Annotated[
            str | None, typer.Option("--slot", metavar="NAME", help="Show every call of this run instead.")
        ] = None,
        answers: Annotated[
            bool, typer.Option("--answers", help="With --slot: print what the model answered, word for word.")
        ] = False,
        days: Annotated[
            int, typer.Option("--days", min=1, max=36_500, help="How many days back, today included.")
        ] = 30,
        portfolio: Portfolio = "",
        as_json: Json = False,
    ) -> None:
        """Show what the model cost, and what is left of each cap.

        Calls, tokens, dollars and latency by run, by day and by model. A day is a calendar day in UTC; its caps hold
        for all portfolios of this ledger together. Prices stand in agent/prices.toml, caps in PM_MODEL_MAX_*.
        """
        from domain.errors import BadInput
        from workers.cli import show_cost
        from workers.wiring import wire

        if answers and slot is None:
            raise BadInput("--answers needs --slot", "name the run whose answers you want: `pm cost` lists them")
        with wire(portfolio) as wired:
            if slot is None:
                show_cost.costs(wired, days, as_json=as_json)
            else:
                show_cost.calls(wired, slot, answers=answers, as_json=as_json)
