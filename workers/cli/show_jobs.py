"""How jobs look in the terminal."""

from datetime import timedelta

from rich.text import Text

from domain.jobs import JobStatus
from domain.storage import Ledger
from tools.clock import wall_time
from workers.cli import output

SHOWN = timedelta(days=10)
STYLE = {JobStatus.DONE: "green", JobStatus.SKIPPED: "yellow", JobStatus.PARKED: "bold red", JobStatus.OPEN: "dim"}


def jobs(ledger: Ledger, portfolio: str, *, as_json: bool) -> None:
    """Print the jobs of a portfolio, newest session last."""
    here = ledger.session(portfolio)
    found = [*ledger.jobs("system"), *ledger.jobs(portfolio, since=here - SHOWN if here else None)]
    if as_json:
        output.json_line([job.model_dump(mode="json") for job in found])
        return
    rows = output.table("job", "kind", "status", "attempts", "last good end", "problem", right=("attempts",))
    for job in sorted(found, key=lambda job: (job.session is not None, str(job.session), job.name)):
        style = STYLE[job.status]
        ended = f"{(wall_time() - job.finished_at).total_seconds():,.0f} s ago" if job.finished_at else ""
        rows.add_row(
            job.name, job.kind, Text(job.status.value, style=style), str(job.attempts), ended, Text(job.problem)
        )
    if found:
        output.console().print(rows)
    else:
        output.say(f"{portfolio} has not run by itself yet: `pm serve` does that")
