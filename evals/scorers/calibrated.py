"""Is its confidence worth something, on what came of these very cases?"""

from evals.examination import Paper
from evals.scorers import SCORERS


@SCORERS.register
def calibrated(paper: Paper) -> float | None:
    """1 less the mean squared distance of confidence and outcome over the theses: always a half gets 0.75."""
    cases = [
        (thesis.confidence - float(paper.came_true[thesis.symbol])) ** 2
        for thesis in paper.theses
        if thesis.symbol in paper.came_true
    ]
    return 1.0 - sum(cases) / len(cases) if cases else None
