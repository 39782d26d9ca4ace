"""A desk for tests: real ledger, real gate, real simulated broker, recorded prices; the analyst follows a script."""

from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from domain.mandate import parse_mandate
from domain.proposal import TradeProposal
from domain.records import ProposalStatus
from domain.research import Answer, Proposals, ResearchNote, Thesis
from graph.answers import answer_card
from graph.context import Context
from graph.gate import RiskGate
from graph.runner import Runner
from risk_engine.engine import Engine
from tests.standins.backends import checkpoints_at, ledger_at, locks_at
from tools.brokers.simulated import Costs, Faults, SimulatedBroker
from tools.clock import ReplayClock
from tools.market_data._sp500 import RecordedCloses
from tools.market_data.recorded import RecordedFeed
from workers.wiring import load, read_policy

DEMO = Path(__file__).parents[2] / "portfolios" / "demo.toml"
SESSION = date(2017, 5, 26)


class ScriptedAnalyst:
    """A fake analyst that proposes what the test wrote down, and counts the questions."""

    name = "scripted"
    assumptions = ()

    def __init__(self) -> None:
        self.baseline = True
        self.proposals: list[TradeProposal] = []
        self.silent_about: set[str] = set()
        self.no_research = ""
        self.no_proposals = ""
        self.asked: list[str] = []

    def warm(self):
        pass

    def research(self, question):
        self.asked.append("research")
        if self.no_research:
            return Answer[ResearchNote](value=None, problem=self.no_research)
        return Answer[ResearchNote](value=ResearchNote(summary="quiet", regime_view="calm"))

    def thesis(self, question):
        self.asked.append(question.symbol)
        if question.symbol in self.silent_about:
            return Answer[Thesis](value=None, problem="the model said nothing usable")
        return Answer[Thesis](
            value=Thesis(
                symbol=question.symbol,
                bull_case="up",
                bear_case="down",
                stance="bullish",
                confidence=0.6,
                expected_upside_pct=5,
                worst_case_loss_pct=2,
                time_horizon_days=30,
                invalidation="it falls",
            )
        )

    def propose(self, question):
        self.asked.append("propose")
        if self.no_proposals:
            return Answer[Proposals](value=None, problem=self.no_proposals)
        argued = {thesis.symbol for thesis in question.theses}
        accepted = tuple(p for p in self.proposals if p.symbol in argued or p.symbol not in self.silent_about)
        return Answer[Proposals](value=Proposals(accepted=accepted))


def demo_mandate(**changes):
    return parse_mandate(DEMO.read_text(encoding="utf-8"), DEMO).model_copy(update=changes)


class Desk:
    """One portfolio with everything real but the analyst and, on request, the broker's luck."""

    def __init__(
        self,
        home: Path,
        saver,
        session: date = SESSION,
        mandate=None,
        feed=None,
        analyst=None,
        database=None,
        clock=None,
        recall=None,
        *,
        recorded=True,
    ) -> None:
        address = database or str(home)
        self.mandate = mandate or demo_mandate()
        self.feed = feed or RecordedFeed()
        self.faults = Faults()
        self.clock = clock or ReplayClock(session, self.feed.opens(session))
        self.ledger = ledger_at(address, self.clock)
        self.broker = SimulatedBroker(
            home / "broker.sqlite",
            self.mandate.name,
            Decimal(str(self.mandate.starting_cash)),
            self.clock,
            RecordedCloses(),
            Costs(),
            self.faults,
        )
        self.analyst = analyst or ScriptedAnalyst()
        self.policy_text = read_policy(self.mandate, recorded=recorded)
        policy = load(self.policy_text)
        self.engine = Engine(policy, self.mandate, "test")
        digest = self.policy_text.digest
        gate = RiskGate(self.ledger, self.feed, self.engine, self.engine, self.mandate, self.clock, digest)
        self.ctx = Context(
            mandate=self.mandate,
            clock=self.clock,
            market=self.feed,
            broker=self.broker,
            ledger=self.ledger,
            analyst=self.analyst,
            gate=gate,
            locks=locks_at(address),
            rooms=self.engine,
            levels=policy,
            recall=recall,
        )
        self.runner = Runner(self.ctx, saver)
        self.ledger.open_portfolio(self.mandate, session, self.clock.now())

    def move_to(self, session: date) -> None:
        self.clock.enter(session, self.feed.opens(session))

    def buy(self, symbol: str, share: float = 0.05, **fields) -> TradeProposal:
        return proposal(symbol, position_size_pct=share, **fields)

    def propose(self, *proposals: TradeProposal):
        return self.runner.propose(proposals)

    def record(self, proposal_id: str):
        return self.ledger.proposal(proposal_id)

    def answer(self, record, answer: str = "approve", **options):
        self.say(record, answer, **options)
        self.runner.settle()
        return self.record(record.id)

    def say(self, record, answer: str = "approve", **options):
        answer_card(self.ctx, self.record(record.id), answer=answer, by="local", channel="test", **options)

    def waiting(self):
        return self.ledger.proposals(self.mandate.name, statuses=[ProposalStatus.AWAITING])

    def book(self):
        session = self.clock.session()
        market = self.feed.snapshot(tuple(self.mandate.universe), session, self.feed.opens(session))
        return self.ledger.book(self.mandate.name, session, {s: bars.price for s, bars in market.history.items()})


def proposal(symbol: str, **fields) -> TradeProposal:
    given = {
        "symbol": symbol,
        "action": "BUY",
        "position_size_pct": 0.05,
        "reason": "a test's reason",
        "confidence": 0.6,
        "risk_level": "medium",
        "expected_upside_pct": 5.0,
        "worst_case_loss_pct": 2.0,
        "time_horizon_days": 30,
    }
    return TradeProposal.model_validate({**given, **fields})


@contextmanager
def open_desk(home: Path, *, database: str | None = None, saver=None, **options):
    """Open a desk in `home`; with `database`, ledger, locks and checkpoints are at that URL instead."""
    home.mkdir(parents=True, exist_ok=True)
    saver = saver or checkpoints_at(database or str(home))
    desk = Desk(home, saver, database=database, **options)
    try:
        yield desk
    finally:
        desk.ledger.close()
        if hasattr(saver, "conn"):
            saver.conn.close()


@pytest.fixture
def desk(tmp_path):
    with open_desk(tmp_path / "home") as made:
        yield made
