"""`pm propose`: put a person's own proposals through the same gate."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from domain.errors import BadProposal
from workers.cli.options import DEFAULT_PORTFOLIO, Json, Portfolio


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def propose(
        file: Annotated[
            str, typer.Argument(metavar="FILE", help="JSON file with one proposal or a list; - reads stdin.")
        ],
        portfolio: Portfolio = DEFAULT_PORTFOLIO,
        as_json: Json = False,
    ) -> None:
        """Propose trades yourself, through the same gate.

        position_size_pct is a fraction of equity (0.06 is 6 %); expected_upside_pct and worst_case_loss_pct are
        per cent.
        """
        from domain.proposal import parse_proposals
        from workers.cli import as_json as js
        from workers.cli import output, show_proposals
        from workers.wiring import wire

        proposals = parse_proposals(_read(file))
        with wire(portfolio, enters=True) as wired:
            records = wired.runner.propose(proposals)
            if as_json:
                output.json_line([js.proposal_json(record) for record in records])
            else:
                show_proposals.judged(wired, records)


def _read(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadProposal(f"{file}: can't be read: {reason}", "give a JSON file, or - for standard input") from None
