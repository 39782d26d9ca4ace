"""Each scorer on papers written by hand."""

from datetime import date

import pytest

from domain.proposal import TradeProposal
from domain.research import Desk, HeldPosition, Room, Thesis
from domain.scan import Fact, Regime, Scan, Style
from domain.verdict import Decision
from evals.cases import Case
from evals.examination import Paper
from evals.scorers import SCORERS
from tests.graph.conftest import proposal
from tests.memory.fakes import a_verdict

DAY = date(2017, 5, 26)
ROOM = Room(cash=0.2, gross=0.3, per_position=0.1, per_sector={"tech": 0.15})


def a_thesis(symbol="AAPL", stance="bullish", **fields):
    given = {
        "symbol": symbol,
        "bull_case": "up",
        "bear_case": "down",
        "stance": stance,
        "confidence": 0.6,
        "expected_upside_pct": 5,
        "worst_case_loss_pct": 2,
        "time_horizon_days": 30,
        "invalidation": "falls",
    }
    return Thesis.model_validate(given | fields)


def a_paper(*proposals: TradeProposal, theses=(), expect="sense", held=None, **fields):
    facts = tuple(Fact(id=name, text=name, value=1.0, session=DAY) for name in ("AAPL.a", "AAPL.b"))
    shortlist = tuple(thesis.symbol for thesis in theses) or ("AAPL",)
    scan = Scan(
        snapshot_digest="d",
        session=DAY,
        style=Style.TREND,
        regime=Regime.CALM,
        signals=(),
        facts=facts,
        shortlist=fields.pop("shortlist", shortlist),
    )
    positions = tuple(
        HeldPosition(symbol=s, quantity=1.0, weight=w, gain=0.0, held_sessions=3) for s, w in (held or {}).items()
    )
    desk = Desk(
        portfolio="eval",
        equity=100_000.0,
        cash=50_000.0,
        positions=positions,
        waiting=(),
        room=ROOM,
        target_position_pct=0.06,
        min_order_pct=0.001,
        names={},
        sectors={"AAPL": "tech", "MSFT": "tech"},
    )
    case = Case(id="one", kind="calm", session=DAY, expect=expect)
    return Paper(case=case, scan=scan, desk=desk, theses=tuple(theses), proposals=proposals, **fields)


BUY = proposal("AAPL", position_size_pct=0.05, evidence=("AAPL.a", "AAPL.b"))
MORE = proposal("MSFT", position_size_pct=0.08, evidence=("AAPL.a", "AAPL.b"))
SELL = proposal("AAPL", action="SELL", position_size_pct=0.05, evidence=("AAPL.a",))


@pytest.mark.parametrize(
    ("scorer", "paper", "score"),
    [
        ("proposal_valid", a_paper(BUY, theses=[a_thesis()]), 1.0),
        ("proposal_valid", a_paper(theses=[a_thesis()], shortlist=("AAPL", "MSFT")), 0.5),
        ("proposal_valid", a_paper(BUY, BUY, theses=[a_thesis()]), 0.0),
        ("proposal_valid", a_paper(MORE, theses=[a_thesis()]), 0.0),
        ("evidence_cited", a_paper(BUY), 1.0),
        ("evidence_cited", a_paper(BUY, SELL), 0.5),
        ("evidence_cited", a_paper(proposal("AAPL", evidence=("AAPL.a", "AAPL.invented"))), 0.0),
        ("evidence_cited", a_paper(), None),
        ("grounded", a_paper(theses=[a_thesis(), a_thesis("MSFT", ungrounded=("73",))]), 0.5),
        ("grounded", a_paper(), None),
        ("follows_thesis", a_paper(BUY, theses=[a_thesis()]), 1.0),
        ("follows_thesis", a_paper(BUY, theses=[a_thesis(stance="neutral")]), 0.0),
        ("follows_thesis", a_paper(SELL, theses=[a_thesis(stance="bearish")]), 1.0),
        ("follows_thesis", a_paper(SELL, theses=[a_thesis()]), 0.0),
        ("sized_within_room", a_paper(BUY, MORE), 1.0),
        ("sized_within_room", a_paper(BUY, MORE, held={"AAPL": 0.06}), 0.0),
        ("sized_within_room", a_paper(MORE, proposal("AAPL", position_size_pct=0.08)), 0.0),
        ("sized_within_room", a_paper(SELL, held={"AAPL": 0.05}), 1.0),
        ("sized_within_room", a_paper(SELL, held={"AAPL": 0.04}), 0.0),
        ("sized_within_room", a_paper(), None),
        ("calibrated", a_paper(theses=[a_thesis()], came_true={"AAPL": True}), 0.84),
        ("calibrated", a_paper(theses=[a_thesis()], came_true={"AAPL": False}), 0.64),
        ("calibrated", a_paper(theses=[a_thesis()]), None),
        ("does_nothing", a_paper(BUY, expect="sense"), None),
        ("does_nothing", a_paper(BUY, expect="no_trade"), 1.0),
        ("does_nothing", a_paper(BUY, expect="no_entry", verdicts={"AAPL": a_verdict("A")}), 0.0),
        ("does_nothing", a_paper(SELL, expect="no_entry", verdicts={"AAPL": a_verdict("A")}), 1.0),
        ("does_nothing", a_paper(SELL, expect="no_trade", verdicts={"AAPL": a_verdict("A")}), 0.0),
        (
            "does_nothing",
            a_paper(BUY, expect="no_entry", verdicts={"AAPL": a_verdict("A", decision=Decision.REJECT)}),
            1.0,
        ),
    ],
)
def test_a_paper_gets_the_score_that_it_deserves(scorer, paper, score):
    given = SCORERS[scorer](paper)

    assert given == (None if score is None else pytest.approx(score))


def test_every_scorer_is_tried_here():
    tried = {mark.args[1][i][0] for mark in test_a_paper_gets_the_score_that_it_deserves.pytestmark for i in range(29)}

    assert tried == set(SCORERS.names())
