"""Does every number of an argument stand in the data?"""

from evals.examination import Paper
from evals.scorers import SCORERS


@SCORERS.register
def grounded(paper: Paper) -> float | None:
    """Share of theses that state no number, date or evidence of their own."""
    return sum(not thesis.ungrounded for thesis in paper.theses) / len(paper.theses) if paper.theses else None
