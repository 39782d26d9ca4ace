"""Print the limits as a table with bars, the book in bad months, and verdicts made again."""

from collections.abc import Sequence
from typing import Any

from rich.text import Text

from domain.records import ProposalRecord
from graph.limit_use import LimitUse, Stress, limit_uses, stresses
from workers.cli import output
from workers.cli.show_book import current_market
from workers.replay import Replay
from workers.wiring import Wired

BAR = 20
ALERT = 0.7


def limits(wired: Wired, *, as_json: bool) -> None:
    """Print what is used of each limit, and what bad months would do."""
    market = current_market(wired)
    book = wired.ctx.ledger.book(wired.ctx.portfolio, market.session, {s: b.price for s, b in market.history.items()})
    uses = limit_uses(wired.engine, book, market, tuple(wired.ctx.mandate.universe))
    bad = stresses(book, market, wired.ctx.market)
    if as_json:
        output.json_line({"limits": [_use_json(use) for use in uses], "stress": [one.model_dump() for one in bad]})
        return
    out = output.console()
    out.print(Text(f"{book.portfolio} · {book.session} · state {book.control.value} · PAPER", style="bold"))
    rows = output.table("limit", "used", "", "now", "soft", "hard", "worst", right=("now", "soft", "hard"))
    for use in uses:
        result = use.result
        drawn = bar(use.used)
        rows.add_row(
            result.rule,
            drawn,
            "" if use.used is None else f"{use.used:.0%}",
            *(_number(value) for value in (result.observed, result.soft, result.hard)),
            use.symbol if use.used else "",
        )
    out.print(rows)
    output.heading(out, "The book in bad months")
    stress = output.table("", "change", "")
    for one in bad:
        stress.add_row(one.scenario, _change(one), one.note)
    out.print(stress)
    out.print(
        Text("Limits change by risk_engine/policy.toml and the mandate only, with the next session.", style="dim")
    )


def replays(record: ProposalRecord, made: Sequence[Replay]) -> None:
    """Print whether each verdict came out the same."""
    out = output.console()
    if not made:
        out.print(Text(f"P-{record.id} has no verdict.", style="dim"))
    for replay in made:
        name = f"P-{record.id} v{replay.version}, {replay.phase.replace('_', ' ')}"
        if replay.same:
            out.print(Text(f"{name}: the same bytes (judged by code {replay.code_version})", style="green"))
        else:
            out.print(Text(f"{name}: DIFFERS in {', '.join(replay.differs)}", style="bold red"))


def bar(used: float | None) -> Text:
    """Draw a share as a bar of twenty blocks: green, from 70 % on yellow, above 100 % red."""
    if used is None:
        return Text("-", style="dim")
    filled = min(BAR, round(used * BAR))
    style = "red" if used > 1.0 else "yellow" if used >= ALERT else "green"
    return Text.assemble(("█" * filled, style), ("░" * (BAR - filled), "dim"))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _change(one: Stress) -> Text:
    if one.change is None:
        return Text("not known", style="dim")
    return Text(f"{one.change:+.1%}", style="red" if one.change < 0 else "green")


def _use_json(use: LimitUse) -> dict[str, Any]:
    result = use.result
    return {
        "rule": result.rule,
        "used": use.used,
        "observed": result.observed,
        "soft": result.soft,
        "hard": result.hard,
        "symbol": use.symbol,
        "outcome": result.outcome.value,
        "message": result.message,
    }
