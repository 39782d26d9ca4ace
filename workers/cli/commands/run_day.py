"""`pm run`: decide one session, settle it, and print what happened and why."""

from datetime import date, datetime
from typing import Annotated

import typer

from domain.errors import BadInput
from workers.cli.options import DEFAULT_PORTFOLIO, Json, Portfolio

AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="DATE", help="Session to decide (YYYY-MM-DD), on what was known before it opened."),
]
Slot = Annotated[
    str | None, typer.Option("--slot", metavar="NAME", help="Name of the run; a slot runs once. Default: the session.")
]

Demo = Annotated[bool, typer.Option("--demo", help="The portfolio's first session; shown again if it has run.")]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def run(
        portfolio: Portfolio = DEFAULT_PORTFOLIO,
        as_of: AsOf = None,
        slot: Slot = None,
        demo: Demo = False,
        as_json: Json = False,
    ) -> None:
        """Decide one session and trade on it.

        Research, theses, proposals, the risk engine's verdicts, orders; then what waits for you. Without --as-of it
        takes the next session after the portfolio's own clock. A slot that has run is shown again, not run again; a
        run that was killed is finished.
        """
        from workers.cli import output, show_run
        from workers.wiring import first_session, wire

        session = parse_date(as_of)
        _check_slot(slot)
        if demo and session is None:
            session = first_session(portfolio)
        with wire(portfolio, as_of=session, slot=slot, run=True) as wired, output.progress(quiet=as_json) as progress:
            past = show_run.past(wired, session)
            run, already_done = (past, True) if past else wired.runner.start(wired.slot, wired.assumptions, progress)
            progress.close()
            show_run.report(wired, run, as_json=as_json, already_done=already_done)

    @app.command()
    def advance(portfolio: Portfolio = DEFAULT_PORTFOLIO, as_json: Json = False) -> None:
        """Judge, send, follow and expire what is due.

        Safe to repeat, at any time, from anywhere. Nothing new is decided.
        """
        from workers.cli import as_json as js
        from workers.cli import output, show_proposals
        from workers.wiring import wire

        with wire(portfolio, enters=True) as wired:
            unfinished = [record.id for record in wired.ctx.ledger.unremembered(wired.ctx.portfolio)]
            wired.runner.settle()
            moved = [wired.ctx.ledger.proposal(proposal_id) for proposal_id in unfinished]
            if as_json:
                output.json_line([js.proposal_json(record) for record in moved])
            else:
                show_proposals.judged(wired, moved)


def parse_date(text: str | None) -> date | None:
    """Read YYYY-MM-DD.

    Raises:
        BadInput: it isn't a date.
    """
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a session is a day, not a moment
    except ValueError:
        raise BadInput(f"{text!r} is not a date", "write it as YYYY-MM-DD, for example 2017-05-26") from None


def _check_slot(slot: str | None) -> None:
    if slot is not None and (not slot.strip() or len(slot) > 60 or not slot.isprintable()):  # noqa: PLR2004 - fits a row
        raise BadInput(f"slot {slot!r} can't be a name", "use up to 60 printable characters")
