"""Print what the model cost: caps with bars, sums by run, day and model, and the calls of one run."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, NamedTuple

from rich.console import Console
from rich.text import Text

from domain.errors import NotFound
from domain.research import ModelCall
from domain.spending import SpendCap, SpendLine, Spent
from workers.cli import output
from workers.cli.show_limits import bar
from workers.wiring import Wired

NOTHING = "No model was asked. The analyst 'quant' asks none; PM_ANALYST=openai does."


class CapUse(NamedTuple):
    """A cap and what counts against it now: today's calls, or those of the newest run."""

    cap: SpendCap
    used: float

    @property
    def share(self) -> float:
        """Which part of the cap is used up; 1 or more where nothing more may be asked."""
        return self.used / self.cap.most if self.cap.most else 1.0


def costs(wired: Wired, days: int, *, as_json: bool) -> None:
    """Print caps and sums of the last days."""
    ctx = wired.ctx
    today = ctx.clock.wall().date()
    everything = ctx.ledger.spending(today - timedelta(days=days - 1))
    lines = [line for line in everything if line.portfolio == ctx.portfolio]
    newest = next(iter(ctx.ledger.runs(ctx.portfolio, limit=1)), None)
    of_run = [line for line in lines if newest is not None and line.slot == newest.slot]
    spent = {"run": _total(of_run), "day": _total(line for line in everything if line.day == today)}
    caps = [CapUse(cap, cap.used(spent[cap.scope])) for cap in getattr(ctx.analyst, "caps", ())]
    groups = {
        "runs": _grouped(lines, lambda line: line.slot),
        "days": _grouped(lines, lambda line: line.day.isoformat()),
        "models": _grouped(lines, lambda line: line.model),
    }
    if as_json:
        output.json_line(
            {
                "portfolio": ctx.portfolio,
                "today": today.isoformat(),
                "caps": [use.cap.model_dump() | {"used": use.used, "share": round(use.share, 6)} for use in caps],
                **{name: [{"name": key, **sums} for key, sums in found] for name, found in groups.items()},
            }
        )
        return
    out = output.console()
    out.print(Text(f"{ctx.portfolio} · model cost of {days} days until {today} (UTC)", style="bold"))
    _caps(out, caps, newest.slot if newest else "none")
    if not lines:
        out.print(Text(NOTHING, style="dim"))
        return
    for title, name in (("run", "runs"), ("day", "days"), ("model", "models")):
        _sums(out, title, groups[name])
    if any(line.estimated for line in lines):
        out.print(Text("~: partly estimated, where the server did not say what it billed", style="dim"))


def calls(wired: Wired, slot: str, *, answers: bool, as_json: bool) -> None:
    """Print every call of one run; raises NotFound."""
    ctx = wired.ctx
    if ctx.ledger.run(ctx.portfolio, slot) is None:
        raise NotFound(f"no run has the slot {slot!r}", "`pm cost` lists them")
    found = ctx.ledger.calls(ctx.portfolio, slot)
    if as_json:
        hidden = {"hold"} if answers else {"hold", "answer"}
        output.json_line([call.model_dump(mode="json", exclude=hidden) for call in found])
        return
    out = output.console()
    if not found:
        out.print(Text(NOTHING, style="dim"))
        return
    right = ("tokens in", "out", "cost", "seconds")
    rows = output.table("node", "about", "prompt", "model", *right, "", right=right)
    for call in found:
        rows.add_row(*_call_cells(call))
    out.print(rows)
    for call in found if answers else ():
        output.heading(out, f"{call.node} {call.subject} · prompt {call.prompt_digest[:12]}")
        out.print(Text(call.answer or "nothing came back"))


def _call_cells(call: ModelCall) -> tuple[Text, ...]:
    about = "~" if call.estimated else ""
    return (
        Text(call.node),
        Text(call.subject),
        Text(call.prompt_digest[:12]),
        Text(call.model),
        Text(f"{about}{call.prompt_tokens:,}"),
        Text(f"{about}{call.completion_tokens:,}"),
        Text(f"{about}${call.cost_usd:.4f}"),
        Text(f"{call.latency_seconds:.2f}"),
        Text("from the cache" if call.cached else call.error, style="dim" if call.cached else "yellow"),
    )


def _caps(out: Console, caps: Iterable[CapUse], newest: str) -> None:
    rows = output.table("cap", "used", "", "now", "most", "set by", right=("now", "most"))
    for use in caps:
        of = f"newest run ({newest})" if use.cap.scope == "run" else "today, all portfolios"
        now, most = use.cap.words(use.used), use.cap.words(use.cap.most)
        rows.add_row(of, bar(use.share), f"{use.share:.0%}", now, most, use.cap.variable)
    if rows.row_count:
        out.print(rows)


def _sums(out: Console, title: str, found: Iterable[tuple[str, dict[str, Any]]]) -> None:
    right = ("calls", "cached", "failed", "tokens in", "out", "set aside", "cost", "s a call")
    rows = output.table(title, *right, right=right)
    for key, sums in found:
        about = "~" if sums["estimated"] else ""
        rows.add_row(
            Text(key),
            *(f"{sums[name]:,}" for name in ("calls", "cached", "failed", "prompt_tokens", "completion_tokens")),
            f"{sums['held_tokens']:,}",
            f"{about}${sums['cost_usd']:.4f}",
            f"{sums['seconds_per_call']:.2f}",
        )
    out.print()
    out.print(rows)


def _grouped(lines: Iterable[SpendLine], key: Callable[[SpendLine], str]) -> list[tuple[str, dict[str, Any]]]:
    groups: dict[str, list[SpendLine]] = {}
    for line in lines:
        groups.setdefault(key(line), []).append(line)
    return [(name, _summed(members)) for name, members in groups.items()]


def _summed(lines: list[SpendLine]) -> dict[str, Any]:
    names = ("calls", "cached", "failed", "estimated", "prompt_tokens", "completion_tokens")
    sums: dict[str, Any] = {name: sum(getattr(line, name) for line in lines) for name in names}
    seconds = sum(line.seconds for line in lines)
    return sums | {
        "held_tokens": sum(line.held.tokens for line in lines),
        "cost_usd": round(_total(lines).cost_usd, 6),
        "seconds_per_call": round(seconds / sums["calls"], 3) if sums["calls"] else 0.0,
    }


def _total(lines: Iterable[SpendLine]) -> Spent:
    total = Spent()
    for line in lines:
        total = total.plus(line.spent)
    return total
