"""A verdict that the reservation of a waiting proposal made smaller says whose it is, and is made again the same."""

from domain.records import ProposalStatus
from graph.gate import judge_again
from tests.graph.conftest import proposal


def waiting(desk, symbol="AMD", share=0.08):
    (record,) = desk.propose(proposal(symbol, position_size_pct=share))
    assert record.status is ProposalStatus.AWAITING
    return record


def test_a_second_proposal_for_a_symbol_waits_behind_the_first_one(desk):
    first = waiting(desk)

    (second,) = desk.propose(proposal("AMD", position_size_pct=0.07))

    assert second.verdict.waits_behind == (first.id,)


def test_who_has_nothing_to_do_with_it_is_not_named(desk):
    waiting(desk)

    (other,) = desk.propose(proposal("KO", risk_level="high"))

    assert "model_risk" in other.verdict.breached
    assert other.verdict.waits_behind == ()


def test_the_verdict_is_made_again_byte_for_byte(desk):
    waiting(desk)
    (second,) = desk.propose(proposal("AMD", position_size_pct=0.07))
    (stored,) = desk.ledger.verdicts(second.id)

    judgement = desk.ledger.judgement(stored.judgement)
    again = judge_again(desk.engine, judgement, desk.ledger.snapshot(judgement.snapshot))

    assert again[second.id].model_dump_json() == stored.model_dump_json()
