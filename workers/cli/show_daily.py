"""Print the day's reconciliation, as text or as JSON."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.text import Text

from domain.verdict import Outcome
from graph.daily import DailyReport, Override, daily_report
from workers.cli import output
from workers.cli.as_json import order_json, rule_json
from workers.cli.show_adjustments import adjustment_json, difference_json, difference_line, sentence
from workers.wiring import Wired


def daily(wired: Wired, *, as_json: bool) -> None:
    """Reconcile the portfolio's session and print what a person should know of it."""
    report = daily_report(wired.ctx)
    if as_json:
        output.json_line(_json(report))
        return
    out = output.console()
    title = f"Reconciliation of {report.portfolio} · session {report.session} · {report.control.state.value} · PAPER"
    out.print(Text(title, style="bold"))
    if report.control.reason:
        out.print(Text(f"{report.control.reason} ({report.control.by})", style="dim"))
    counted = ", ".join(f"{count} {word}" for word, count in report.decisions.items())
    out.print(Text(f"proposals: {counted or 'none'}", style="dim"))
    _section(out, "Soft limits that a person lifted", map(_override, report.overrides))
    _section(
        out,
        "Rules that could not be judged",
        (
            f"{one.rule}: {one.times} times, {'refused' if one.rejected else 'passed with a note'}: {one.why}"
            for one in report.not_judged
        ),
    )
    _section(out, "Differences to the broker", _differences(report))
    _section(out, "Holdings changed without an order of ours", map(sentence, report.adjustments))
    _section(
        out,
        "Orders of unknown outcome",
        (f"{i.client_order_id} {i.side} {i.quantity:f} {i.symbol}: {i.state}: {i.problem}" for i in report.unsure),
    )
    _section(out, "Orders placed by hand that are open at the broker", _by_hand(report))
    _section(out, "Limits exceeded without a trade", _breaches(report))
    _section(out, "Assumptions", report.assumptions)


def _section(out: Console, title: str, lines: Iterable[str]) -> None:
    output.heading(out, title)
    found = list(lines)
    for line in found:
        out.print(Text(f"  {line}"))
    if not found:
        out.print(Text("  none", style="dim"))


def _override(one: Override) -> str:
    rules = "; ".join(result.message or result.rule for result in one.lifted)
    hindsight = ", in hindsight" if one.hindsight else ""
    who = f"{one.by} ({one.channel}{hindsight})"
    return f"P-{one.proposal_id} v{one.version} {one.symbol}: {one.quantity:g} allowed by {who}: {rules}"


def _differences(report: DailyReport) -> list[str]:
    found = [f"{difference_line(one.mismatch)}: {one.explanation}" for one in report.differences]
    if found:
        symbol = report.differences[0].mismatch.symbol
        found.append(f'explain one: {output.program()} reconcile --accept {symbol} --reason "..."')
    return found


def _by_hand(report: DailyReport) -> list[str]:
    if report.by_hand is None:
        return ["the broker did not answer"]
    return [f"{order.broker_order_id} {order.side} {order.quantity:f} {order.symbol}" for order in report.by_hand]


def _breaches(report: DailyReport) -> list[str]:
    lines = []
    for breach in report.breaches:
        hard = breach.result.outcome is Outcome.HARD
        until = f"; to be mended by {report.deadline:%H:%M} UTC" if hard else ""
        late = "; OVERDUE since the session before" if hard and breach.symbol in report.late else ""
        lines.append(f"{breach.result.rule} ({breach.result.outcome.value}): {breach.result.message}{until}{late}")
    return lines


def _json(report: DailyReport) -> dict[str, Any]:
    return {
        "portfolio": report.portfolio,
        "session": report.session.isoformat(),
        "control": report.control.state.value,
        "control_reason": report.control.reason,
        "decisions": report.decisions,
        "overrides": [
            {
                **one.model_dump(mode="json", exclude={"lifted"}),
                "lifted": [rule_json(result) for result in one.lifted],
            }
            for one in report.overrides
        ],
        "not_judged": [one.model_dump(mode="json") for one in report.not_judged],
        "differences": [
            {**difference_json(one.mismatch), "explanation": one.explanation} for one in report.differences
        ],
        "adjustments": [adjustment_json(one) for one in report.adjustments],
        "unsure_orders": [order_json(intent) for intent in report.unsure],
        "orders_by_hand": None
        if report.by_hand is None
        else [order.model_dump(mode="json", include={"broker_order_id", "symbol", "side"}) for order in report.by_hand],
        "breaches": [{"symbol": one.symbol, "excess": one.excess, **rule_json(one.result)} for one in report.breaches],
        "deadline": report.deadline.isoformat(),
        "overdue": list(report.late),
        "assumptions": list(report.assumptions),
    }
