"""`pm pending`, `pm approve`, `pm reject`: what waits for a person, and the answers."""

from typing import TYPE_CHECKING, Annotated

import typer

from domain.errors import BadInput
from workers.cli.options import DEFAULT_PORTFOLIO, Json, Portfolio, ProposalId

if TYPE_CHECKING:
    from domain.records import ProposalRecord
    from workers.telegram.consent import Agreed
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
        if answer == "approve" and (how := _agreed(wired, record, by, half=half, quantity=quantity)) is not None:
            if not how.done:
                _show_first_yes(how, by, as_json=as_json)
                return
            half, quantity, reason = False, how.quantity, how.reason
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
) -> "Agreed | None":
    """Write down a yes that takes a second person's, and tell whether that is there; None where one is enough."""
    from graph.answers import allowed_quantity, shown_quantity
    from workers.cards.safeguards import reasons_for_two
    from workers.telegram.consent import agree
    from workers.telegram.staff import Person, Role

    approvers, ledger = wired.ctx.mandate.approvers, wired.ctx.ledger
    if by not in {"local", *approvers} or (len(approvers) > 1 and reasons_for_two(record) and by not in approvers):
        raise BadInput(f"{by} is no approver of {record.portfolio!r}", f"--by takes one of: {', '.join(approvers)}")
    if len(approvers) == 1 or not reasons_for_two(record):
        return None
    granted = allowed_quantity(record, shown_quantity(record), half=half, quantity=quantity)
    return agree(
        ledger,
        record.portfolio,
        f"P-{record.id}",
        record.version,
        Person(0, Role.APPROVER, by),
        wired.ctx.clock.wall(),
        quantity=granted,
        single=False,
    )


def _show_first_yes(how: "Agreed", by: str, *, as_json: bool) -> None:
    from workers.cli import output

    if as_json:
        output.json_line({"done": False, "approved_by": [by], "until": how.until.isoformat()})
    else:
        output.say(f"{by} has said yes; it takes a second approver (--by NAME) until {how.until:%H:%M:%S} UTC")
