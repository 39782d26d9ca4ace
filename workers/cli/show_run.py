"""Print one run: the market, both sides of each symbol, proposals with verdicts, orders, the book, assumptions."""

from datetime import date

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from domain.records import ProposalStatus, Run, RunStatus
from workers.cli import as_json as js
from workers.cli import output, show_book, show_proposals
from workers.wiring import Wired


def past(wired: Wired, session: date | None) -> Run | None:
    """Find the run of `session` if it is done and behind the portfolio's clock: nothing is left of it to settle."""
    run = wired.ctx.ledger.run(wired.ctx.portfolio, wired.slot)
    if run is None or run.status is not RunStatus.DONE or session not in {None, run.session}:
        return None
    return run if run.session < wired.ctx.clock.session() else None


def report(wired: Wired, run: Run, *, as_json: bool, already_done: bool) -> None:
    """Print the run for a person, or as JSON."""
    ledger, portfolio = wired.ctx.ledger, wired.ctx.portfolio
    proposals = ledger.proposals(portfolio, slot=run.slot)
    orders = [intent for record in proposals for intent in ledger.intents(portfolio, proposal_id=record.id)]
    calls = ledger.calls(portfolio, run.slot)
    if as_json:
        output.json_line({**js.run_json(run, proposals, orders, calls), "already_done": already_done})
        return
    out = output.console()
    _head(out, run, already_done=already_done)
    _market(out, wired, run)
    _theses(out, wired, run)
    output.heading(out, "Proposals and verdicts")
    show_proposals.verdicts(out, proposals)
    for symbol, reason in sorted(run.undecided.items()):
        out.print(Text(f"{symbol}: no decision: {reason}", style="dim"))
    output.heading(out, "Orders")
    show_book.order_table(out, orders)
    output.heading(out, "Portfolio")
    show_book.book_table(out, wired)
    waiting = [record for record in proposals if record.status is ProposalStatus.AWAITING]
    if waiting:
        output.heading(out, "Waiting for you")
        for record in waiting:
            show_proposals.card(out, wired, record)
    _assumptions(out, run)
    _cost(out, wired, run)


def _head(out: Console, run: Run, *, already_done: bool) -> None:
    out.print(
        Text(f"portfolio-agent · {run.portfolio} · session {run.session} · slot {run.slot} · PAPER", style="bold")
    )
    if already_done:
        out.print(Text("This slot has run already: nothing was done again. This is what it did.", style="yellow"))


def _market(out: Console, wired: Wired, run: Run) -> None:
    output.heading(out, "Market")
    note = wired.ctx.ledger.note(run.portfolio, run.slot)
    if note is None:
        out.print(Text("No research: see the reasons under the proposals.", style="yellow"))
        return
    out.print(Text(note.summary))
    out.print(Text(note.regime_view, style="dim"))


def _theses(out: Console, wired: Wired, run: Run) -> None:
    theses = wired.ctx.ledger.theses(run.portfolio, run.slot)
    if not theses:
        return
    output.heading(out, "For and against")
    for thesis in theses:
        style = {"bullish": "green", "bearish": "red"}.get(thesis.stance, "dim")
        head = Text.assemble(
            (f"{thesis.symbol:<6}", "bold"),
            (f"{thesis.stance}", style),
            (f", {thesis.confidence:.0%} that it is higher in {thesis.time_horizon_days} days", "dim"),
        )
        out.print(head)
        out.print(Padding(Text.assemble(("for      ", "green"), thesis.bull_case), (0, 0, 0, 2)))
        out.print(Padding(Text.assemble(("against  ", "red"), thesis.bear_case), (0, 0, 0, 2)))
        out.print(Padding(Text(f"evidence {', '.join(thesis.evidence)}", style="dim"), (0, 0, 0, 2)))


def _assumptions(out: Console, run: Run) -> None:
    if not run.assumptions:
        return
    output.heading(out, "Assumptions and stand-ins")
    for sentence in run.assumptions:
        out.print(Text(f"· {sentence}", style="dim"))


def _cost(out: Console, wired: Wired, run: Run) -> None:
    calls = wired.ctx.ledger.calls(run.portfolio, run.slot)
    paid = [call for call in calls if not call.cached]
    if calls:
        tokens = sum(call.prompt_tokens + call.completion_tokens for call in paid)
        cost = sum(call.cost_usd for call in paid)
        out.print()
        out.print(
            Text(
                f"Model: {len(paid)} calls, {len(calls) - len(paid)} from the cache, {tokens:,} tokens, ${cost:.4f}",
                "dim",
            )
        )
