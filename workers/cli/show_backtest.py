"""Print a backtest: performance beside its benchmarks, verdicts by decision and by rule, halts; or one JSON line."""

from collections import Counter
from typing import Any

from rich.console import Console
from rich.text import Text

from evals.replay.result import BacktestResult, Tally
from evals.replay.summary import Performance, months_without_opening, performance_of, rounded
from workers.backtest import Backtest
from workers.cli import output

HALTS_SHOWN = 12


def report(done: Backtest, yardstick: Backtest | None, *, as_json: bool) -> None:
    """Print the result for a person, or as JSON; `yardstick` is the quant baseline of a model's replay."""
    compared = dict(done.benchmarks)
    if yardstick is not None:
        compared["quant baseline"] = performance_of(yardstick.result.curve)
    if as_json:
        output.json_line(_json(done, compared))
        return
    out = output.console()
    _head(out, done)
    _performance(out, done.result, compared)
    _verdicts(out, done.result)
    _rules(out, done.result)
    _halts(out, done.result)
    output.heading(out, "Assumptions")
    for sentence in done.assumptions:
        out.print(Text(f"- {sentence}", style="dim"))
    out.print(
        Text(
            f"\nledger digest {done.result.ledger_digest}\nkept in {done.folder}\ntear sheet {done.tear_sheet}",
            style="dim",
        )
    )


def _head(out: Console, done: Backtest) -> None:
    result = done.result
    blind = " · blind" if result.blind else ""
    out.print(
        Text(f"backtest · {result.portfolio} · {result.first} to {result.last} · {result.analyst}{blind}", style="bold")
    )
    speed = f"{done.sessions_per_second:.1f} sessions a second"
    if done.already_done:
        out.print(Text(f"This was replayed before (at {speed}): nothing was done again. --fresh replays it.", "yellow"))
    elif done.resumed_after:
        out.print(Text(f"{done.resumed_after} of {done.sessions} sessions were there already; it went on.", "yellow"))
    out.print(f"{done.sessions} sessions, {speed}; cards answered: {result.approver}; code {done.code_version}")


def _performance(out: Console, result: BacktestResult, compared: dict[str, Performance]) -> None:
    output.heading(out, "Performance")
    names = ("", "total", "a year", "volatility", "Sharpe", "max drawdown", "turnover a year")
    rows = output.table(*names, right=names[1:])
    for name, of in {result.analyst: performance_of(result.curve), **compared}.items():
        rows.add_row(
            name,
            _share(of.total_return),
            _share(of.cagr),
            _share(of.volatility),
            "-" if of.sharpe is None else f"{of.sharpe:.2f}",
            _share(of.max_drawdown),
            _share(of.turnover),
        )
    out.print(rows)
    out.print(Text(f"commission {output.money(result.commission)}; benchmarks are free of cost", style="dim"))


def _verdicts(out: Console, result: BacktestResult) -> None:
    output.heading(out, "First verdicts")
    names = ("", "all", "executed", "of them resized", "asked", "rejected", "of them halted")
    rows = output.table(*names, right=names[1:])
    for name, of in (("entries", result.entries), ("exits", result.exits)):
        rows.add_row(
            name,
            f"{of.total:,}",
            f"{of.execute + of.resize:,} ({_share(of.executed_share)})",
            f"{of.resize:,}",
            f"{of.approval:,} ({_share(of.asked_share)})",
            f"{of.reject + of.halt:,} ({_share(of.rejected_share)})",
            f"{of.halt:,}",
        )
    out.print(rows)
    empty = months_without_opening(result)
    out.print(Text(f"months without a possible opening: {', '.join(empty) or 'none'}", style="dim"))


def _rules(out: Console, result: BacktestResult) -> None:
    output.heading(out, "Rules that spoke about entries")
    rows = output.table("rule", "asked", "rejected", "resized", right=("asked", "rejected", "resized"))
    for rule, of in sorted(result.by_rule.items(), key=lambda row: (-row[1].hard, -row[1].soft, row[0])):
        if of.soft or of.hard or of.sized or of.not_evaluated or of.error:
            rows.add_row(rule, f"{of.soft:,}", f"{of.hard + of.not_evaluated + of.error:,}", f"{of.sized:,}")
    out.print(rows)


def _halts(out: Console, result: BacktestResult) -> None:
    output.heading(out, f"Stops of the desk: {len(result.halts)}, resumed by the scripted operator: {result.resumes}")
    rows = output.table("from", "to", "state", "why")
    for halt in result.halts[:HALTS_SHOWN]:
        rows.add_row(str(halt.since), str(halt.until or "the end"), halt.state, halt.reason)
    if result.halts:
        out.print(rows)
    if len(result.halts) > HALTS_SHOWN:
        out.print(Text(f"and {len(result.halts) - HALTS_SHOWN} more", style="dim"))


def _share(fraction: float | None) -> str:
    return "-" if fraction is None else output.percent(fraction)


def _json(done: Backtest, compared: dict[str, Performance]) -> dict[str, Any]:
    result = done.result
    states = Counter(halt.state for halt in result.halts)
    return {
        "portfolio": result.portfolio,
        "analyst": result.analyst,
        "approver": result.approver,
        "blind": result.blind,
        "from": result.first.isoformat(),
        "to": result.last.isoformat(),
        "sessions": done.sessions,
        "resumed_after": done.resumed_after,
        "already_done": done.already_done,
        "sessions_per_second": round(done.sessions_per_second, 2),
        "equity": round(result.curve.equity[-1], 2),
        "performance": rounded(performance_of(result.curve)),
        "benchmarks": {name: rounded(of) for name, of in compared.items()},
        "commission": round(result.commission, 2),
        "entries": _tally(result.entries),
        "exits": _tally(result.exits),
        "rules": {rule: of.model_dump() for rule, of in result.by_rule.items()},
        "halts": {"total": len(result.halts), **states},
        "resumes": result.resumes,
        "months_without_opening": list(months_without_opening(result)),
        "fills": len(result.fills),
        "folder": str(done.folder),
        "tear_sheet": str(done.tear_sheet),
        "code_version": done.code_version,
        "assumptions": list(done.assumptions),
        "ledger_digest": result.ledger_digest,
    }


def _tally(of: Tally) -> dict[str, float | None]:
    shares = {"executed_share": of.executed_share, "asked_share": of.asked_share, "rejected_share": of.rejected_share}
    rounded_shares = {name: None if share is None else round(share, 4) for name, share in shares.items()}
    return {**of.model_dump(), "total": of.total, **rounded_shares}
