"""Print what was found about decisions, and the episodes that recall brings up."""

from collections.abc import Sequence

from rich.text import Text

from domain.episodes import Judged
from evals.finding import Finding, Level
from workers.cli import output

LEVELS = {Level.FINE: "green", Level.WATCH: "yellow", Level.WARNING: "bold red", Level.UNKNOWN: "dim"}


def findings(found: Sequence[Finding]) -> None:
    """Print each finding as a row, and its sentence below."""
    out = output.console()
    rows = output.table("", "value", "95 %", "by chance", "n", "", right=("value", "95 %", "by chance", "n"))
    for finding in found:
        between = "" if finding.low is None or finding.high is None else f"{finding.low:+.2f} to {finding.high:+.2f}"
        rows.add_row(
            finding.name,
            "" if finding.value is None else f"{finding.value:+.3f}",
            between,
            "" if finding.baseline is None else f"{finding.baseline:+.2f}",
            str(finding.n),
            Text(finding.level.value, style=LEVELS[finding.level]),
        )
    out.print(rows)
    out.print()
    for finding in found:
        out.print(Text(f"{finding.name}: ", style="dim") + Text(finding.sentence))


def episodes(found: Sequence[Judged]) -> None:
    """Print episodes, each with its date, what was decided and what came of it."""
    out = output.console()
    if not found:
        out.print(Text("nothing like it is remembered", style="dim"))
        return
    rows = output.table("id", "session", "symbol", "side", "decision", "what came of it")
    for one in found:
        episode = one.episode
        came = ", ".join(f"{outcome.gain:+.1%} after {outcome.sessions}" for outcome in one.outcomes) or "not known yet"
        side = episode.side.value if episode.side else "HOLD"
        rows.add_row(f"E-{episode.id}", str(episode.session), episode.symbol, side, episode.decision, came)
    out.print(rows)
