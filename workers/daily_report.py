"""A portfolio's day in a few lines: what ran, what was decided, what was traded, what somebody should look at."""

from collections import Counter
from datetime import date

from domain.orders import IntentState
from domain.records import ProposalStatus
from graph.context import Context

UNCLEAR = frozenset({IntentState.UNKNOWN, IntentState.QUARANTINED})


def day_in_words(ctx: Context, session: date) -> str:
    """Tell the session of a portfolio, from the ledger alone."""
    ledger, name = ctx.ledger, ctx.portfolio
    jobs = [job for job in ledger.jobs(name, since=session) if job.session == session]
    runs = [run for run in ledger.runs(name, limit=50) if run.session == session]
    proposals = [record for run in runs for record in ledger.proposals(name, slot=run.slot)]
    orders = [intent for intent in ledger.orders(name, limit=200) if intent.session == session]
    decided = Counter(record.verdict.decision.value if record.verdict else "none" for record in proposals)
    points = ledger.equity_points(name, limit=2)
    control = ledger.control(name)
    lines = [
        f"{name}, session {session}",
        _equity([(point.session, float(point.equity), point.unit_value) for point in points]),
        f"control: {control.state.value}" + (f" ({control.reason})" if control.reason else ""),
        f"runs: {', '.join(f'{run.slot} {run.status.value}' for run in runs) or 'none'}",
        f"proposals: {_counted(decided) or 'none'}",
        f"orders: {_counted(Counter(order.state.value.lower() for order in orders)) or 'none'}",
    ]
    overrides = [r for r in proposals if r.verdict and r.verdict.breached and r.status is ProposalStatus.DONE]
    unevaluated = sorted({note for r in proposals if r.verdict for note in _unevaluated(r.verdict.results)})
    for label, found in (
        ("skipped", [job.name for job in jobs if job.status.value == "skipped"]),
        ("parked", [job.name for job in jobs if job.status.value == "parked"]),
        ("overridden limits", [f"P-{r.id} {', '.join(r.verdict.breached)}" for r in overrides if r.verdict]),
        ("rules without data", unevaluated),
        ("orders of unknown outcome", [o.client_order_id for o in orders if o.state in UNCLEAR]),
        ("differences to the broker", [mismatch.symbol for mismatch in ledger.mismatches(name)]),
    ):
        if found:
            lines.append(f"{label}: {', '.join(found)}")
    return "\n".join(lines)


def _unevaluated(results: object) -> list[str]:
    return [result.rule for result in results if result.outcome.value == "not_evaluated"]  # type: ignore[attr-defined]


def _equity(points: list[tuple[date, float, float]]) -> str:
    if not points:
        return "equity: not struck yet"
    (session, equity, unit), *earlier = points
    change = f", {unit / earlier[0][2] - 1.0:+.2%} since {earlier[0][0]}" if earlier and earlier[0][2] else ""
    return f"equity at the open of {session}: ${equity:,.2f}{change}"


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{number} {what}" for what, number in sorted(counts.items()))
