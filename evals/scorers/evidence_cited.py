"""Does every trade rest on at least two facts of the snapshot?"""

from domain.proposal import Action
from evals.examination import Paper
from evals.scorers import SCORERS

FEWEST = 2


@SCORERS.register
def evidence_cited(paper: Paper) -> float | None:
    """Share of purchases and sales that cite two facts or more that exist, and none that does not."""
    known = {fact.id for fact in paper.scan.facts}
    trades = [proposal for proposal in paper.proposals if proposal.action is not Action.HOLD]
    good = [p for p in trades if set(p.evidence) <= known and len(set(p.evidence)) >= FEWEST]
    return len(good) / len(trades) if trades else None
