"""`pm eval`: examine an analyst on fixed cases, with a pass mark."""

from pathlib import Path
from typing import Annotated

import typer

from workers.cli.options import DEFAULT_PORTFOLIO, Json, Portfolio

Analyst = Annotated[str, typer.Option("--analyst", metavar="NAME", help="Who is examined; default: PM_ANALYST.")]
Cases = Annotated[Path | None, typer.Option("--cases", metavar="FILE", help="Another dataset than evals/cases.toml.")]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(name="eval")
    def evaluate(
        analyst: Analyst = "",
        cases: Cases = None,
        portfolio: Portfolio = DEFAULT_PORTFOLIO,
        as_json: Json = False,
    ) -> None:
        """Examine an analyst on fixed cases.

        Recorded sessions, some of them tampered with: calm, crash, contradicting news, stale data, injected
        instructions, missing data, limits in the way, nothing to do. Scorers judge what is proposed, and the risk
        engine what would have left the desk. Exits with 1 below the pass mark. With BRAINTRUST_API_KEY the same
        experiment is logged there; without it nothing is sent anywhere.
        """
        from workers.cli import output, show_eval
        from workers.evaluation import evaluate as examine

        with output.bar("cases", quiet=as_json) as told:
            report = examine(analyst, cases, portfolio, told)
        if as_json:
            output.json_line(report.model_dump(mode="json") | {"passed": report.passed})
        else:
            show_eval.report(report)
        if not report.passed:
            raise typer.Exit(1)
