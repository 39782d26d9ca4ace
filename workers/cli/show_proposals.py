"""Print proposals: the table of verdicts, and the card of one that waits for an answer."""

import shlex
from collections.abc import Sequence

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from domain.records import ProposalRecord, ProposalStatus
from domain.verdict import Decision, Outcome, RuleResult
from workers.cli import output
from workers.wiring import Wired

MOST_SHOWN = 3


def verdicts(out: Console, proposals: Sequence[ProposalRecord]) -> None:
    """Print a row a proposal: what was asked, what the engine allows, and the rules that spoke."""
    if not proposals:
        out.print(Text("none", style="dim"))
        return
    rows = output.table(
        "id", "by", "trade", "asked", "verdict", "allowed", "status", "rules that spoke", right=("asked", "allowed")
    )
    for record in proposals:
        verdict = record.verdict
        decision = verdict.decision if verdict else Decision.NONE
        asked = record.trade.asked_quantity if record.trade else 0.0
        rows.add_row(
            f"P-{record.id}",
            record.origin.value,
            f"{record.proposal.action} {record.proposal.symbol}",
            f"{output.units(asked)} ({output.percent(record.proposal.position_size_pct)})",
            Text(decision.value.upper(), style=output.DECISION_STYLE[decision]),
            output.units(verdict.quantity if verdict else 0.0),
            record.status.value,
            _spoke(record),
        )
    out.print(rows)
    scheduled = [record.session for record in proposals if record.status is ProposalStatus.SCHEDULED]
    if scheduled:
        said = "Scheduled: the exchange is closed. `pm advance` (or `pm serve`) assesses them once the session of"
        out.print(Text(f"{said} {scheduled[0]} has been open for some minutes (exits: at the open).", style="dim"))


def cards(wired: Wired, waiting: Sequence[ProposalRecord]) -> None:
    """Print a card for each waiting proposal."""
    out = output.console()
    if not waiting:
        out.print(Text(f"Nothing waits in {wired.ctx.portfolio!r}.", style="dim"))
    for record in waiting:
        card(out, wired, record)


def card(out: Console, wired: Wired, record: ProposalRecord) -> None:
    """Print everything a person needs to say yes or no, and the commands that say it."""
    trade, verdict = record.trade, record.verdict
    if trade is None or verdict is None:
        return
    pm, equity = output.program(), _equity(wired)
    notional = verdict.quantity * trade.price
    lines = [
        Text.assemble(
            (f"{trade.side} {output.units(verdict.quantity)} {trade.symbol}", "bold"),
            f" · {record.proposal.order_type.value.upper()} · about {output.money(notional)}",
            f" ({output.percent(notional / equity)} of equity) at {trade.price:,.2f}",
        )
    ]
    if trade.plan:
        risk = notional * trade.plan.stop_distance
        lines.append(
            Text(
                f"Exit: stop {trade.plan.stop_price:,.2f} · risk {output.money(risk)}"
                f" ({output.percent(risk / equity)} of equity) · at the latest {trade.plan.horizon}"
            )
        )
    lines.append(Text(f"Why: {record.proposal.reason}"))
    lines += [_line(result) for result in verdict.results if result.outcome.breaches]
    passed = sum(result.outcome is Outcome.PASS for result in verdict.results)
    lines.append(Text(f"{passed} rules passed · {_state(wired)} · PAPER · expires {_until(record)}", style="dim"))
    flags = "" if wired.named in {"", wired.settings.portfolio} else f" -p {shlex.quote(wired.named)}"
    lines.append(Text(f"{pm} approve P-{record.id}{flags}    (--half, --quantity N)", style="bold green"))
    lines.append(Text(f"{pm} reject P-{record.id}{flags}     {pm} why P-{record.id}{flags}", style="bold"))
    title = f"P-{record.id} v{record.version}"
    out.print(Panel(Text("\n").join(lines), title=title, title_align="left", border_style="yellow"))


def judged(wired: Wired, records: Sequence[ProposalRecord]) -> None:
    """Print what became of proposals that were just put in."""
    out = output.console()
    verdicts(out, records)
    for record in records:
        if record.status is ProposalStatus.AWAITING:
            card(out, wired, record)


def answered(wired: Wired, record: ProposalRecord) -> None:
    """Print what became of an answer."""
    out = output.console()
    if record.status is ProposalStatus.AWAITING:
        out.print(Text(f"P-{record.id}: things have moved beyond what you saw; this is the new card.", style="yellow"))
        card(out, wired, record)
        return
    verdicts(out, [record])
    if record.problem:
        out.print(Text(record.problem, style="yellow"))
    if record.filled_quantity:
        traded = f"{output.units(record.filled_quantity)} of {output.units(record.quantity)} filled."
        out.print(Text(f"P-{record.id}: {traded}", style="green"))


def _spoke(record: ProposalRecord) -> Text:
    if record.verdict is None:
        return Text(record.problem, style="dim")
    spoken = [result for result in record.verdict.results if result.outcome.breaches]
    bound = [
        result
        for result in record.verdict.results
        if result.rule in record.verdict.sized_by and not result.outcome.breaches
    ]
    alerts = [result for result in record.verdict.results if result.outcome is Outcome.ALERT and result not in bound]
    lines = [_line(result) for result in (*spoken, *bound)] or [_line(result) for result in alerts[:MOST_SHOWN]]
    return Text("\n").join(lines) if lines else Text("all pass", style="dim")


def _line(result: RuleResult) -> Text:
    return Text.assemble((result.rule, output.OUTCOME_STYLE[result.outcome]), f": {result.message}")


def _equity(wired: Wired) -> float:
    from workers.cli.show_book import current_book

    return max(current_book(wired)[0].equity, 1e-9)


def _state(wired: Wired) -> str:
    return f"state {wired.ctx.ledger.control(wired.ctx.portfolio).state.value}"


def _until(record: ProposalRecord) -> str:
    return f"{record.expires_at:%Y-%m-%d %H:%M} UTC, market time" if record.expires_at else "with the session"
