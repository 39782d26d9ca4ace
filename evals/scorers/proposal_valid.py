"""Is every short-listed symbol answered, once, and by something that can be read?"""

from evals.examination import Paper
from evals.scorers import SCORERS


@SCORERS.register
def proposal_valid(paper: Paper) -> float | None:
    """Share of the short list with a thesis that can be read; 0 for a proposal outside it, or two for one symbol."""
    symbols = [proposal.symbol for proposal in paper.proposals]
    argued = {thesis.symbol for thesis in paper.theses}
    if len(set(symbols)) < len(symbols) or not set(symbols) <= argued:
        return 0.0
    return len(argued) / len(paper.scan.shortlist) if paper.scan.shortlist else None
