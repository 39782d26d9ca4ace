"""Options that several commands share."""

from typing import Annotated

import typer

Portfolio = Annotated[
    str,
    typer.Option("--portfolio", "-p", help="Name in portfolios/, or path of a mandate.", envvar="PM_PORTFOLIO"),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts (the README has the contract).")]
ProposalId = Annotated[str, typer.Argument(metavar="ID", help="The id, or its first letters; P- in front is fine.")]
DEFAULT_PORTFOLIO = "demo"
