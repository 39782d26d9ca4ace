"""Put the questions of a whole run to an analyst, as the graph does."""

from concurrent.futures import ThreadPoolExecutor

from domain.ports import Analyst
from domain.research import Answer, Desk, ModelCall, ProposalQuestion, Proposals, Question, ResearchNote, Thesis
from domain.research import ThesisQuestion as Topic
from domain.scan import Scan
from tests.agent.examples import build_desk, build_scan

NOTE = ResearchNote(summary="The market is quiet.", regime_view="Sizes as usual.")


def research(analyst: Analyst) -> Answer[ResearchNote]:
    return analyst.research(Question(scan=build_scan(), desk=build_desk()))


def thesis(analyst: Analyst, symbol: str = "KO") -> Answer[Thesis]:
    return analyst.thesis(Topic(scan=build_scan(), desk=build_desk(), symbol=symbol, note=NOTE))


class Run:
    """The answers of one run, and every call it made."""

    def __init__(self, analyst: Analyst, scan: Scan | None = None, desk: Desk | None = None) -> None:
        scan, desk = scan or build_scan(), desk or build_desk()
        self.note = analyst.research(Question(scan=scan, desk=desk))
        note = self.note.value or NOTE
        topics = [Topic(scan=scan, desk=desk, symbol=symbol, note=note) for symbol in scan.shortlist]
        with ThreadPoolExecutor(len(topics)) as pool:
            self.theses = dict(zip(scan.shortlist, pool.map(analyst.thesis, topics), strict=True))
        found = tuple(answer.value for answer in self.theses.values() if answer.value)
        self.proposals: Answer[Proposals] = analyst.propose(
            ProposalQuestion(scan=scan, desk=desk, note=note, theses=found)
        )

    @property
    def calls(self) -> list[ModelCall]:
        return [call for answer in (self.note, *self.theses.values(), self.proposals) for call in answer.calls]

    @property
    def accepted(self) -> list[str]:
        return [found.symbol for found in self.proposals.value.accepted] if self.proposals.value else []
