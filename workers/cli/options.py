"""Options that several commands share."""

from typing import Annotated

import typer

Portfolio = Annotated[
    str,
    typer.Option(
        "--portfolio",
        "-p",
        metavar="NAME",
        help="Name in portfolios/, or path of a mandate. Default: PM_PORTFOLIO, else demo.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts (the README has the contract).")]
ProposalId = Annotated[str, typer.Argument(metavar="ID", help="The id, or its first letters; P- in front is fine.")]
DEFAULT_PORTFOLIO = ""
"""None was named: the settings say which."""
