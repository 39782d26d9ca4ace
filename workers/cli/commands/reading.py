"""`pm status`, `positions`, `orders`, `why`, `report`: look, and change nothing."""

from typing import Annotated

import typer

from workers.cli.options import DEFAULT_PORTFOLIO, Json, Portfolio, ProposalId


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @app.command()
    def status(portfolio: Portfolio = DEFAULT_PORTFOLIO, as_json: Json = False) -> None:
        """Show where the portfolio stands.

        Its clock, control state, equity, what waits for you and the last run.
        """
        from workers.cli import show_book
        from workers.wiring import wire

        with wire(portfolio) as wired:
            show_book.status(wired, as_json=as_json)

    @app.command()
    def positions(portfolio: Portfolio = DEFAULT_PORTFOLIO, as_json: Json = False) -> None:
        """Show cash, equity and holdings with exit plans."""
        from workers.cli import show_book
        from workers.wiring import wire

        with wire(portfolio) as wired:
            show_book.positions(wired, as_json=as_json)

    @app.command()
    def orders(
        limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many, newest first.")] = 50,
        portfolio: Portfolio = DEFAULT_PORTFOLIO,
        as_json: Json = False,
    ) -> None:
        """List orders, newest first."""
        from workers.cli import show_book
        from workers.wiring import wire

        with wire(portfolio) as wired:
            show_book.orders(wired, limit, as_json=as_json)

    @app.command()
    def why(proposal: ProposalId, portfolio: Portfolio = DEFAULT_PORTFOLIO, as_json: Json = False) -> None:
        """Explain one proposal: argument, rules, answer, order."""
        from workers.cli import as_json as js
        from workers.cli import output, show_why
        from workers.wiring import wire

        with wire(portfolio) as wired:
            record = wired.ctx.ledger.find_proposal(proposal, wired.ctx.portfolio)
            if as_json:
                output.json_line(js.proposal_json(record))
            else:
                show_why.explain(wired, record)

    @app.command()
    def report(
        slot: Annotated[
            str | None, typer.Option("--slot", metavar="NAME", help="Which run; default: the last.")
        ] = None,
        daily: Annotated[
            bool, typer.Option("--daily", help="The day's reconciliation instead: overrides, gaps, differences.")
        ] = False,
        portfolio: Portfolio = DEFAULT_PORTFOLIO,
        as_json: Json = False,
    ) -> None:
        """Print a run again, or the day's reconciliation.

        A run is the last one or that of a slot. `--daily` lists what people overrode, what could not be judged, what
        was assumed, where broker and book differ, and what exceeds a limit without a trade.
        """
        from domain.errors import BadInput, NotFound
        from workers.cli import show_daily, show_run
        from workers.wiring import wire

        if daily and slot:
            raise BadInput("--daily is about the session, not about one run", "leave --slot out")
        with wire(portfolio) as wired:
            if daily:
                show_daily.daily(wired, as_json=as_json)
                return
            ledger = wired.ctx.ledger
            newest = next(iter(ledger.runs(wired.ctx.portfolio, limit=1)), None)
            run = ledger.run(wired.ctx.portfolio, slot) if slot else newest
            if run is None:
                which = f"no run has the slot {slot!r}" if slot else "there is no run yet"
                raise NotFound(which, "`pm run` makes one")
            show_run.report(wired, run, as_json=as_json, already_done=False)
