"""`pm pending`, `pm approve`, `pm reject`: what waits for a person, and the answers."""

from typing import Annotated

import typer

from domain.errors import BadInput
from workers.cli.options import DEFAULT_PORTFOLIO, Json, Portfolio, ProposalId


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @app.command()
    def pending(portfolio: Portfolio = DEFAULT_PORTFOLIO, as_json: Json = False) -> None:
        """Show the proposals that wait for your answer."""
        from domain.records import ProposalStatus
        from workers.cli import as_json as js
        from workers.cli import output, show_proposals
        from workers.wiring import wire

        with wire(portfolio) as wired:
            ledger = wired.ctx.ledger
            ledger.expire(wired.ctx.portfolio, wired.ctx.clock.now())
            waiting = ledger.proposals(wired.ctx.portfolio, statuses=[ProposalStatus.AWAITING])
            if as_json:
                output.json_line([js.proposal_json(record) for record in waiting])
            else:
                show_proposals.cards(wired, waiting)

    @app.command()
    def approve(
        proposal: ProposalId,
        half: Annotated[bool, typer.Option("--half", help="Allow half of the quantity shown.")] = False,
        quantity: Annotated[
            float | None, typer.Option("--quantity", metavar="N", help="Allow this many units, at most what was shown.")
        ] = None,
        portfolio: Portfolio = DEFAULT_PORTFOLIO,
        as_json: Json = False,
    ) -> None:
        """Say yes to a proposal that waits.

        The risk engine judges once more at fresh prices; what is traded never exceeds what you saw.
        """
        if half and quantity is not None:
            raise BadInput("--half and --quantity exclude each other", "give one of them")
        _answer(proposal, portfolio, answer="approve", half=half, quantity=quantity, reason="", as_json=as_json)

    @app.command()
    def reject(
        proposal: ProposalId,
        reason: Annotated[str, typer.Option("--reason", help="Why; kept with the proposal.")] = "",
        portfolio: Portfolio = DEFAULT_PORTFOLIO,
        as_json: Json = False,
    ) -> None:
        """Say no to a proposal that waits; nothing is traded."""
        _answer(proposal, portfolio, answer="reject", half=False, quantity=None, reason=reason, as_json=as_json)


def _answer(
    proposal: str, portfolio: str, *, answer: str, half: bool, quantity: float | None, reason: str, as_json: bool
) -> None:
    from graph.answers import answer_card
    from workers.cli import as_json as js
    from workers.cli import output, show_proposals
    from workers.wiring import wire

    with wire(portfolio) as wired:
        ledger = wired.ctx.ledger
        record = ledger.find_proposal(proposal, wired.ctx.portfolio)
        answer_card(
            wired.ctx,
            record,
            answer=answer,
            by="local",
            channel="terminal",
            half=half,
            quantity=quantity,
            reason=reason,
        )
        wired.runner.advance(record.id)
        wired.runner.settle()
        after = ledger.proposal(record.id)
        if as_json:
            output.json_line(js.proposal_json(after))
        else:
            show_proposals.answered(wired, after)
