"""`pm limits` and `pm replay-verdict`: what is left under each limit, and whether a verdict can be made again."""

import typer

from workers.cli.options import Json, Portfolio, ProposalId


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @app.command()
    def limits(portfolio: Portfolio = "", as_json: Json = False) -> None:
        """Show each limit of the book, what is used and what is left, and the book in bad months.

        Limits change by risk_engine/policy.toml and the mandate only; a change takes effect with the next session.
        """
        from workers.cli import show_limits
        from workers.wiring import wire

        with wire(portfolio) as wired:
            show_limits.limits(wired, as_json=as_json)

    @app.command(name="replay-verdict")
    def replay_verdict(proposal: ProposalId, portfolio: Portfolio = "", as_json: Json = False) -> None:
        """Make the verdicts of a proposal again from their stored inputs, and compare byte by byte."""
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
