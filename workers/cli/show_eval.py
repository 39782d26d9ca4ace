"""Print how an analyst did on the cases."""

from rich.text import Text

from evals.experiment import Report
from workers.cli import output


def report(found: Report) -> None:
    """Print one row a scorer, the cases that cost most, and whether the pass mark was reached."""
    out = output.console()
    out.print(Text(f"{found.analyst} · {found.cases} cases", style="bold"))
    rows = output.table("scorer", "mean", "pass mark", "cases", "", "weakest", right=("mean", "pass mark", "cases"))
    for mark in found.marks:
        said = Text("pass", style="green") if mark.passed else Text("FAIL", style="bold red")
        mean = "none" if mark.mean is None else f"{mark.mean:.3f}"
        rows.add_row(mark.scorer, mean, f"{mark.least:.2f}", str(mark.n), said, ", ".join(mark.worst))
    out.print(rows)
    for case, problem in sorted(found.errors.items()):
        out.print(Text(f"{case}: could not be examined: {problem}", style="bold red"))
    if found.logged_to:
        out.print(Text(f"logged to {found.logged_to}", style="dim"))
    out.print(
        Text("passed" if found.passed else "below the pass mark", style="bold green" if found.passed else "bold red")
    )
