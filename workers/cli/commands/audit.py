"""`pm audit verify`: recompute the chain of hashes."""

import typer

from workers.cli.options import DEFAULT_PORTFOLIO, Json, Portfolio


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help="Read and check the chain of every fact.", no_args_is_help=True)
    app.add_typer(group, name="audit")

    @group.command()
    def verify(portfolio: Portfolio = DEFAULT_PORTFOLIO, as_json: Json = False) -> None:
        """Check that no row was changed, removed or moved.

        Recomputes the hash of every row, each bound to the one before.
        """
        from workers.cli import output
        from workers.wiring import wire

        with wire(portfolio) as wired:
            lengths = wired.ctx.ledger.verify_audit()
        if as_json:
            output.json_line({"valid": True, "rows": lengths})
            return
        for chain, length in sorted(lengths.items()):
            output.say(f"{chain}: {length} rows, unbroken")

    @group.command()
    def show(portfolio: Portfolio = DEFAULT_PORTFOLIO, as_json: Json = False) -> None:
        """Print the portfolio's chain, oldest first."""
        from workers.cli import output
        from workers.wiring import wire

        with wire(portfolio) as wired:
            rows = list(wired.ctx.ledger.audit_rows(wired.ctx.portfolio))
        if as_json:
            output.json_line([row.model_dump(mode="json") for row in rows])
            return
        for row in rows:
            detail = " ".join(f"{key}={value}" for key, value in row.detail.items())
            output.say(
                f"{row.sequence:>5}  {row.at:%Y-%m-%d %H:%M:%S}  {row.actor:<8} {row.action:<20} {row.subject} {detail}"
            )
