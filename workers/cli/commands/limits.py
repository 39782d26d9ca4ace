"""`pm limits` and `pm replay-verdict`: what is left under each limit, and whether a verdict can be made again."""

import typer

from workers.cli.options import Json, Portfolio, ProposalId


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @app.command()
    def limits(portfolio: Portfolio = "", as_json: Json = False) -> None:
        """Show what is used of each limit, and bad months.

        Every limit that says something about what is held, with the worst symbol, and what October 2008, March 2020
        and a day of three standard deviations would do to the book.

        Limits change by risk_engine/policy.toml and the mandate only; a change takes effect with the next session.
        """
        from workers.cli import show_limits
        from workers.wiring import wire

        with wire(portfolio) as wired:
            show_limits.limits(wired, as_json=as_json)

    @app.command(name="replay-verdict")
    def replay_verdict(proposal: ProposalId, portfolio: Portfolio = "", as_json: Json = False) -> None:
        """Make verdicts again from their stored inputs.

        Compares byte by byte with what was stored; exits with 1 where anything differs.
        """
        from workers.cli import output, show_limits
        from workers.replay import replay_verdicts
        from workers.wiring import wire

        with wire(portfolio) as wired:
            record = wired.ctx.ledger.find_proposal(proposal, wired.ctx.portfolio)
            replays = replay_verdicts(wired.ctx.ledger, wired.ctx.mandate, record.id)
        if as_json:
            output.json_line([replay.model_dump(mode="json") for replay in replays])
        else:
            show_limits.replays(record, replays)
        if any(not replay.same for replay in replays):
            raise typer.Exit(1)
