from datetime import date

import pytest

from domain.errors import EarlierSession
from domain.records import ProposalStatus, RunStatus
from tests.graph.conftest import SESSION, open_desk, proposal

SLOT = SESSION.isoformat()


def test_one_research_one_thesis_a_symbol_and_one_proposal_call(desk):
    desk.runner.start(SLOT)

    shortlist = desk.ledger.scan(desk.ledger.run("demo", SLOT).scan_digest).shortlist
    assert sorted(desk.analyst.asked) == sorted(["research", "propose", *shortlist])
    assert len(shortlist) == 5


def test_the_same_slot_runs_once(desk):
    first = desk.runner.start(SLOT)
    asked = len(desk.analyst.asked)

    second = desk.runner.start(SLOT)

    assert not first.already_done
    assert second.already_done
    assert len(desk.analyst.asked) == asked


def test_a_symbol_without_a_thesis_gets_no_decision_and_the_others_go_on(desk):
    desk.analyst.silent_about = {"AMD"}
    desk.analyst.proposals = [proposal("AAPL", evidence=()), proposal("BAC")]

    run = desk.runner.start(SLOT).run

    assert run.undecided == {"AMD": "the model said nothing usable"}
    assert run.status is RunStatus.DONE
    assert {r.proposal.symbol for r in desk.ledger.proposals("demo")} == {"AAPL", "BAC"}


def test_no_research_means_no_decision_at_all(desk):
    desk.analyst.no_research = "the server is down"
    desk.analyst.proposals = [proposal("AAPL")]

    run = desk.runner.start(SLOT).run

    assert len(run.undecided) == 5
    assert all("the server is down" in reason for reason in run.undecided.values())
    assert desk.ledger.proposals("demo") == ()


def test_no_proposals_means_no_decision_for_the_argued_symbols(desk):
    desk.analyst.no_proposals = "garbage"

    run = desk.runner.start(SLOT).run

    assert len(run.undecided) == 5
    assert desk.ledger.proposals("demo") == ()


def test_a_horizon_that_has_passed_closes_the_position_without_a_model(desk):
    desk.propose(proposal("AAPL", time_horizon_days=3))
    assert desk.book().held("AAPL") > 0

    desk.move_to(date(2017, 5, 30))
    desk.analyst.no_research = "the server is down"
    desk.runner.start("2017-05-30")

    (exit_,) = desk.ledger.proposals("demo", slot="2017-05-30")
    assert exit_.origin.value == "monitor"
    assert exit_.status is ProposalStatus.DONE
    assert desk.book().positions == {}


def test_a_stop_that_was_reached_closes_the_position(desk):
    """General Electric fell through the summer of 2017."""
    desk.propose(proposal("GE", time_horizon_days=300, worst_case_loss_pct=1))
    stop = desk.book().positions["GE"].plan.stop_price

    session = SESSION
    while "GE" in desk.book().positions and session < date(2017, 9, 1):
        session = desk.feed.next_session(session)
        desk.move_to(session)
        desk.runner.start(session.isoformat())

    (exit_,) = desk.ledger.proposals("demo", slot=session.isoformat())
    assert exit_.origin.value == "monitor"
    assert exit_.proposal.reason.startswith("Stop")
    assert exit_.trade.price <= stop
    assert desk.book().positions == {}


def test_an_earlier_session_is_refused(desk):
    desk.runner.start(SLOT)
    desk.move_to(date(2017, 5, 25))

    with pytest.raises(EarlierSession, match="2017-05-26"):
        desk.runner.start("2017-05-25")


def test_two_homes_decide_the_same(tmp_path):
    def decided(name):
        with open_desk(tmp_path / name) as desk:
            desk.analyst.proposals = [proposal("AAPL"), proposal("AMD"), proposal("BBY")]
            desk.runner.start(SLOT)
            return [(r.id, r.verdict.model_dump_json()) for r in desk.ledger.proposals("demo")]

    assert decided("one") == decided("two")
