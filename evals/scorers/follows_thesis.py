"""Does it do what it argues?"""

from domain.proposal import Action
from evals.examination import Paper
from evals.scorers import SCORERS


@SCORERS.register
def follows_thesis(paper: Paper) -> float | None:
    """Share of purchases argued bullish and of sales argued bearish or neutral, of all of both."""
    stances = {thesis.symbol: thesis.stance for thesis in paper.theses}
    trades = [proposal for proposal in paper.proposals if proposal.action is not Action.HOLD]
    good = [p for p in trades if (stances.get(p.symbol) == "bullish") == (p.action is Action.BUY)]
    return len(good) / len(trades) if trades else None
