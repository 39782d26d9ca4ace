"""How text reaches the terminal: one console, JSON lines, progress, and the words for verdicts."""

import json
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Shown
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from domain.checkup import Finding
from domain.verdict import Decision, Outcome

WIDTH_WHEN_PIPED = 120
NODES = {
    "observe": "observing the market",
    "scan": "computing signals",
    "research": "research",
    "thesis": "thesis",
    "propose": "proposals",
    "size": "sizing",
    "assess": "risk engine",
    "execute": "order",
    "request_approval": "asking",
    "reject": "rejected",
    "remember": "remembering",
}
DECISION_STYLE = {
    Decision.EXECUTE: "bold green",
    Decision.RESIZE: "green",
    Decision.APPROVAL: "bold yellow",
    Decision.REJECT: "bold red",
    Decision.HALT: "bold red",
    Decision.NONE: "dim",
}
OUTCOME_STYLE = {
    Outcome.PASS: "green",
    Outcome.NOTE: "cyan",
    Outcome.ALERT: "yellow",
    Outcome.SOFT: "bold yellow",
    Outcome.HARD: "bold red",
    Outcome.NOT_EVALUATED: "bold red",
    Outcome.ERROR: "bold red",
    Outcome.NOT_APPLICABLE: "dim",
    Outcome.DISABLED: "dim",
}


CONTROLS = dict.fromkeys([*range(10), *range(11, 32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
"""Characters that steer a terminal or turn its text around; all that is printed may come from a model."""


class SafeConsole(Console):
    """A console that prints text, and never obeys it."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render, without characters that steer the terminal."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(segment.text.translate(CONTROLS), segment.style)


def console() -> Console:
    """A console for standard output; as wide as the terminal, or 120 columns when piped."""
    piped = not sys.stdout.isatty()
    return SafeConsole(highlight=False, soft_wrap=False, width=WIDTH_WHEN_PIPED if piped else None)


def say(text: str) -> None:
    """Print lines as they are, markup switched off."""
    sys.stdout.write(text.translate(CONTROLS) + "\n")


def say_now(text: str) -> None:
    """Print lines at once, also into a pipe, from any thread."""
    say(text)
    sys.stdout.flush()


def json_line(value: Any) -> None:
    """Print one JSON document; NaN and infinities raise ValueError."""
    sys.stdout.write(json.dumps(value, allow_nan=False, ensure_ascii=False) + "\n")


def heading(out: Console, text: str) -> None:
    """Print a section's title."""
    out.print()
    out.rule(Text(text, style="bold"), align="left", style="dim")


def table(*columns: str, right: Sequence[str] = ()) -> Table:
    """Make a plain table; the columns named in `right` are aligned to the right."""
    made = Table(box=None, pad_edge=False, header_style="dim")
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made


def program() -> str:
    """How the user called us, so that printed commands can be pasted."""
    called = sys.argv[0]
    if Path(called).name != "pm" or shutil.which("pm") == called:
        return "pm"
    return shlex.quote(called)


class Progress:
    """Tells each node as it ends; silent when piped or quiet."""

    def __init__(self, out: Console, *, quiet: bool) -> None:
        self._status = None if quiet or not out.is_terminal else out.status("starting ...")
        if self._status:
            self._status.start()

    def __call__(self, node: str, subject: str) -> None:
        """Show that `node` has ended."""
        if self._status:
            self._status.update(f"{NODES.get(node, node)} {subject} done ...")

    def close(self) -> None:
        """Clear the line."""
        if self._status:
            self._status.stop()


@contextmanager
def progress(*, quiet: bool) -> Iterator[Progress]:
    """Show progress while the block runs."""
    shown = Progress(console(), quiet=quiet)
    try:
        yield shown
    finally:
        shown.close()


@contextmanager
def bar(what: str, *, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Show how much is done and how long the rest will take; silent when piped or quiet."""
    out = console()
    if quiet or not out.is_terminal:
        yield lambda *_: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Shown(*columns, TextColumn("left:"), TimeRemainingColumn(), console=out, transient=True) as shown:
        task = shown.add_task(what, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)


def checks(found: Sequence[Finding]) -> None:
    """Print the doctor's findings."""
    out = console()
    rows = table("part", "", "found")
    for check in found:
        mark = Text("ok", style="green") if check.ok else Text("FAILED", style="bold red")
        rows.add_row(check.part, mark, Text(check.found + (f"\n{check.remedy}" if check.remedy else "")))
    out.print(rows)


def money(amount: float) -> str:
    """Dollars without cents."""
    return f"${amount:,.0f}" if amount >= 0 else f"-${-amount:,.0f}"


def percent(fraction: float) -> str:
    """A fraction as per cent with one decimal."""
    return f"{fraction * 100:.1f} %"


def units(quantity: float) -> str:
    """A quantity without a needless decimal point."""
    return f"{quantity:,.6f}".rstrip("0").rstrip(".") if not float(quantity).is_integer() else f"{quantity:,.0f}"
