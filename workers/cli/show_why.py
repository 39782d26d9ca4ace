"""Print why a proposal ended as it did: the argument, every rule with its numbers, the answers, the orders."""

from rich.console import Console
from rich.text import Text

from domain.records import ProposalRecord
from domain.verdict import Outcome, RiskVerdict, RuleResult
from workers.cli import output, show_book
from workers.wiring import Wired


def explain(wired: Wired, record: ProposalRecord) -> None:
    """Print the whole story of one proposal."""
    out, ledger = output.console(), wired.ctx.ledger
    proposal = record.proposal
    title = f"P-{record.id} · {proposal.action} {proposal.symbol} · {record.status.value} · {record.session} · PAPER"
    out.print(Text(title, style="bold"))
    out.print(Text(f"{record.origin.value}: {proposal.reason}"))
    out.print(
        Text(
            f"asked {output.percent(proposal.position_size_pct)} of equity · confidence {proposal.confidence:.0%}"
            f" · upside {proposal.expected_upside_pct:g} % · worst case {proposal.worst_case_loss_pct:g} %"
            f" · {proposal.time_horizon_days} days · risk level {proposal.risk_level}",
            style="dim",
        )
    )
    _thesis(out, wired, record)
    for fact in record.facts:
        out.print(Text(f"  {fact.id}: {fact.text} ({fact.provenance.value}, {fact.session})", style="dim"))
    for verdict in ledger.verdicts(record.id):
        _verdict(out, verdict)
        approval = ledger.approval(record.id, verdict.version)
        if approval and verdict.phase.value == "first":
            hindsight = ", in hindsight" if approval.hindsight else ""
            out.print(Text(f"Answer: {approval.answer} by {approval.by} ({approval.channel}{hindsight})", style="bold"))
    if record.problem:
        out.print(Text(record.problem, style="yellow"))
    output.heading(out, "Orders")
    show_book.order_table(out, ledger.intents(record.portfolio, proposal_id=record.id))


def _thesis(out: Console, wired: Wired, record: ProposalRecord) -> None:
    theses = wired.ctx.ledger.theses(record.portfolio, record.slot) if record.slot else ()
    for thesis in theses:
        if thesis.symbol == record.proposal.symbol:
            out.print(Text.assemble(("for      ", "green"), thesis.bull_case))
            out.print(Text.assemble(("against  ", "red"), thesis.bear_case))
            out.print(Text.assemble(("wrong if ", "dim"), thesis.invalidation))
    stated = record.trade.ungrounded if record.trade else ()
    if stated:
        out.print(Text(f"NOT GROUNDED: the argument states what is not in the data: {', '.join(stated)}", "bold red"))


def _verdict(out: Console, verdict: RiskVerdict) -> None:
    output.heading(out, f"Verdict v{verdict.version}, {verdict.phase.value.replace('_', ' ')}")
    allowed = f"{output.units(verdict.quantity)} of {output.units(verdict.asked_quantity)}"
    out.print(
        Text.assemble(
            (verdict.decision.value.upper(), output.DECISION_STYLE[verdict.decision]),
            f" · {allowed} allowed",
            f" · sized by {', '.join(verdict.sized_by)}" if verdict.sized_by else "",
            f" · waits behind {', '.join(f'P-{other}' for other in verdict.waits_behind)}"
            if verdict.waits_behind
            else "",
        )
    )
    rows = output.table(
        "rule", "outcome", "observed", "soft", "hard", "at most", "", right=("observed", "soft", "hard", "at most")
    )
    for result in sorted(verdict.results, key=_strictest_first):
        rows.add_row(
            result.rule,
            Text(result.outcome.value, style=output.OUTCOME_STYLE[result.outcome]),
            _number(result.observed),
            _number(result.soft),
            _number(result.hard),
            output.units(result.largest_quantity) if result.largest_quantity is not None else "",
            Text(result.message),
        )
    out.print(rows)
    out.print(
        Text(
            f"snapshot {verdict.snapshot_digest[:12]} · book {verdict.book_digest[:12]}"
            f" · policy {verdict.policy_digest[:12]} · code {verdict.code_version}",
            style="dim",
        )
    )


def _strictest_first(result: RuleResult) -> tuple[int, str]:
    quiet = {Outcome.NOT_APPLICABLE: 3, Outcome.DISABLED: 3, Outcome.PASS: 2, Outcome.NOTE: 1, Outcome.ALERT: 1}
    return quiet.get(result.outcome, 0), result.rule


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
