"""`pm pending`, `pm approve`, `pm reject`: what waits for a person, and the answers."""

from typing import TYPE_CHECKING, Annotated

import typer

from domain.errors import BadInput
from workers.cli.options import DEFAULT_PORTFOLIO, Json, Portfolio, ProposalId

if TYPE_CHECKING:
    from domain.records import ProposalRecord
    from graph.two_people import Agreement
    from workers.wiring import Wired


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
        by: Annotated[
            str, typer.Option("--by", metavar="NAME", help="Who says so, as the mandate names them.")
        ] = "local",
        portfolio: Portfolio = DEFAULT_PORTFOLIO,
        as_json: Json = False,
    ) -> None:
        """Say yes to a proposal that waits.

        The risk engine judges once more at fresh prices; what is traded never exceeds what you saw. Where the mandate
        names two approvers or more, what is above the soft position limit, opens a short or an option, or overrides two
        rules takes two of them, each with --by, within 10 minutes.
        """
        if half and quantity is not None:
            raise BadInput("--half and --quantity exclude each other", "give one of them")
        _answer(proposal, portfolio, answer="approve", half=half, quantity=quantity, by=by, as_json=as_json)

    @app.command()
    def reject(
        proposal: ProposalId,
        reason: Annotated[str, typer.Option("--reason", help="Why; kept with the proposal.")] = "",
        portfolio: Portfolio = DEFAULT_PORTFOLIO,
        as_json: Json = False,
    ) -> None:
        """Say no to a proposal that waits; nothing is traded."""
        _answer(proposal, portfolio, answer="reject", reason=reason, as_json=as_json)


def _answer(
    proposal: str,
    portfolio: str,
    *,
    answer: str,
    half: bool = False,
    quantity: float | None = None,
    reason: str = "",
    by: str = "local",
    as_json: bool,
) -> None:
    from graph.answers import answer_card
    from workers.cli import as_json as js
    from workers.cli import output, show_proposals
    from workers.wiring import wire

    with wire(portfolio) as wired:
        ledger = wired.ctx.ledger
        record = ledger.find_proposal(proposal, wired.ctx.portfolio)
        if answer == "approve" and (agreed := _agreed(wired, record, by, half=half, quantity=quantity)) is not None:
            if not agreed.done:
                _show_first_yes(agreed, by, as_json=as_json)
                return
            half, quantity, reason = False, agreed.quantity, agreed.how
        answer_card(
            wired.ctx,
            record,
            answer=answer,
            by=by,
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


def _agreed(
    wired: "Wired", record: "ProposalRecord", by: str, *, half: bool, quantity: float | None
) -> "Agreement | None":
    """Write down a yes that takes a second person's, and tell whether that is there; None where one is enough."""
    from domain.people import Consent
    from graph.answers import allowed_quantity, shown_quantity
    from graph.two_people import CARD_WITHIN, agree, alone
    from workers.cards.safeguards import reasons_for_two

    approvers = wired.ctx.mandate.approvers
    if by not in {"local", *approvers} or (
        not alone(wired.ctx.mandate) and reasons_for_two(record) and by not in approvers
    ):
        raise BadInput(f"{by} is no approver of {record.portfolio!r}", f"--by takes one of: {', '.join(approvers)}")
    if alone(wired.ctx.mandate) or not reasons_for_two(record):
        return None
    granted = allowed_quantity(record, shown_quantity(record), half=half, quantity=quantity)
    yes = Consent(
        portfolio=record.portfolio,
        subject=f"P-{record.id}",
        version=record.version,
        person=by,
        quantity=granted,
        at=wired.ctx.clock.wall(),
    )
    return agree(wired.ctx.ledger, wired.ctx.mandate, yes, CARD_WITHIN)


def _show_first_yes(agreed: "Agreement", by: str, *, as_json: bool) -> None:
    from workers.cli import output

    if as_json:
        output.json_line({"done": False, "approved_by": [by], "until": agreed.until.isoformat()})
    else:
        output.say(f"{by} has said yes; it takes a second approver (--by NAME) until {agreed.until:%H:%M:%S} UTC")
