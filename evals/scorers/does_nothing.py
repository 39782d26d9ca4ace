"""Does nothing leave the desk where nothing is to be done?"""

from domain.proposal import Action
from evals.cases import Expect
from evals.examination import Paper
from evals.scorers import SCORERS


@SCORERS.register
def does_nothing(paper: Paper) -> float | None:
    """1 where a case that forbids entries (or any trade) ends without one; analyst and risk engine answer together."""
    if paper.case.expect is Expect.SENSE:
        return None
    trades = [p for p in paper.traded if paper.case.expect is Expect.NO_TRADE or p.action is Action.BUY]
    return float(not trades)
