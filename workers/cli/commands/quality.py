"""`pm quality`: how good the decisions were, and which habits they show."""

import typer

from workers.cli.options import DEFAULT_PORTFOLIO, Json, Portfolio


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def quality(portfolio: Portfolio = DEFAULT_PORTFOLIO, as_json: Json = False) -> None:
        """Judge the decisions: quality and habits.

        Each finding has its number, how many cases it rests on, a 95 % interval and what chance alone would show. What
        was refused is measured like what was taken. Outcomes are scored first, as far as they are complete.
        """
        from evals.judge import judge, read_history
        from graph.outcomes import score_outcomes
        from graph.views import market_now
        from workers.cli import output, show_quality
        from workers.wiring import wire

        with wire(portfolio) as wired:
            ctx = wired.ctx
            score_outcomes(ctx)
            findings = judge(read_history(ctx.ledger, ctx.mandate, market_now(ctx)))
        if as_json:
            output.json_line([finding.model_dump(mode="json") for finding in findings])
        else:
            show_quality.findings(findings)
