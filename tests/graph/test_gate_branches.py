"""What a person's yes lifts and what it does not, and whom the gate turns away."""

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from domain.errors import Busy, RunAborted
from domain.proposal import Origin
from domain.records import Approval, ProposalRecord, ProposalStatus
from domain.verdict import Decision, Outcome, Phase, RiskVerdict, RuleResult
from graph.gate import RiskGate, lift
from tests.risk_engine.builders import SESSION, a_book, a_mandate, a_market, a_proposal, a_trade, an_engine

AT = datetime(2024, 1, 8, 15, 0, tzinfo=UTC)


def a_soft(rule="spread", observed=0.006, soft=0.005):
    return RuleResult(rule=rule, outcome=Outcome.SOFT, observed=observed, soft=soft)


def a_verdict(*results, **changes):
    given = {
        "proposal_id": "P1",
        "version": 1,
        "phase": Phase.AFTER_YES,
        "decision": Decision.APPROVAL,
        "quantity": 20.0,
        "asked_quantity": 20.0,
        "results": results,
        "snapshot_digest": "s",
        "book_digest": "b",
        "policy_digest": "p",
        "code_version": "test",
    }
    return RiskVerdict(**{**given, **changes})


def a_yes(**changes):
    given = {
        "proposal_id": "P1",
        "version": 1,
        "answer": "approve",
        "by": "local",
        "channel": "test",
        "at": AT,
        "payload_hash": a_proposal().payload_hash,
        "quantity": 20.0,
        "shown": {"spread": 0.006},
        "collar_low": 99.0,
        "collar_high": 101.0,
    }
    return Approval(**{**given, **changes})


@pytest.mark.parametrize("decision", [Decision.REJECT, Decision.HALT])
def test_a_yes_never_lifts_a_refusal(decision):
    verdict = a_verdict(decision=decision, quantity=0.0)

    assert lift(verdict, a_yes(), 100.0) == verdict


@pytest.mark.parametrize(
    ("quantity", "decision"), [(20.0, Decision.EXECUTE), (10.0, Decision.RESIZE), (9.0, Decision.APPROVAL)]
)
def test_down_to_half_of_what_was_shown_goes_on(quantity, decision):
    assert lift(a_verdict(quantity=quantity), a_yes(), 100.0).decision is decision


@pytest.mark.parametrize(
    ("result", "shown", "decision"),
    [
        (a_soft(), {"spread": 0.006}, Decision.EXECUTE),
        (a_soft(observed=0.00625), {"spread": 0.006}, Decision.EXECUTE),  # by 5 % of 0.5 %
        (a_soft(observed=0.00626), {"spread": 0.006}, Decision.APPROVAL),
        (a_soft(observed=0.0055), {"spread": 0.009}, Decision.EXECUTE),  # it shrank: nothing unseen
        (a_soft(observed=0.50, soft=0.55), {"spread": 0.40}, Decision.EXECUTE),  # a floor that is less undercut
        (a_soft(observed=0.40, soft=0.55), {"spread": 0.50}, Decision.APPROVAL),
        (a_soft(), {}, Decision.APPROVAL),
        (a_soft(observed=None), {"spread": None}, Decision.EXECUTE),
        (a_soft(), {"spread": None}, Decision.APPROVAL),
        (a_soft(observed=None), {"spread": 0.006}, Decision.APPROVAL),
        (a_soft(soft=None), {"spread": 0.006}, Decision.EXECUTE),
        (a_soft(soft=None), {"spread": 0.007}, Decision.APPROVAL),
        (RuleResult(rule="spread", outcome=Outcome.ALERT), {}, Decision.EXECUTE),
    ],
)
def test_only_what_was_shown_and_has_not_grown_is_lifted(result, shown, decision):
    assert lift(a_verdict(result), a_yes(shown=shown), 100.0).decision is decision


@pytest.mark.parametrize(
    ("price", "collar", "decision"),
    [
        (100.0, {}, Decision.EXECUTE),
        (98.9, {}, Decision.APPROVAL),
        (101.1, {}, Decision.APPROVAL),
        (500.0, {"collar_low": None, "collar_high": None}, Decision.EXECUTE),
    ],
)
def test_a_price_outside_the_collar_needs_a_new_card(price, collar, decision):
    assert lift(a_verdict(), a_yes(**collar), price).decision is decision


def test_there_is_no_fourth_card():
    assert lift(a_verdict(a_soft(), version=3), a_yes(shown={}), 100.0).decision is Decision.REJECT


def a_record(**changes):
    given = {
        "id": "P1",
        "portfolio": "test",
        "batch_id": "B1",
        "slot": None,
        "session": SESSION,
        "rank": 0,
        "origin": Origin.PERSON,
        "proposal": a_proposal(),
        "payload_hash": a_proposal().payload_hash,
        "status": ProposalStatus.APPROVED,
        "created_at": AT,
    }
    return ProposalRecord(**{**given, **changes})


class Ledger:
    """A ledger with one proposal and perhaps an answer to it."""

    def __init__(self, record, approval=None, stored=None):
        self.record, self.answer, self.stored = record, approval, stored
        self.recorded = []

    def proposal(self, _proposal_id):
        return self.record

    def holdings(self, _portfolio):
        return {}

    def intents(self, _portfolio, *, open_only):
        return ()

    def save_snapshot(self, _snapshot):
        pass

    @contextmanager
    def locked_book(self, _portfolio):
        yield self

    def verdict(self, _proposal_id, _version, _phase):
        return self.stored

    def batch(self, _batch_id):
        return (self.record,)

    def book(self, _session, _prices, without=()):
        return a_book()

    def approval(self, _proposal_id, _version):
        return self.answer

    def save_judgement(self, _judgement):
        return "judgement"

    def record_verdict(self, verdict, trade, status, risk):
        self.recorded.append((verdict.decision, trade.quantity, status, risk))


def a_gate(ledger, session=SESSION, replay=False):
    market = a_market()
    clock = SimpleNamespace(session=lambda: session, now=lambda: AT, replay=replay)
    feed = SimpleNamespace(opens=lambda _session: AT, snapshot=lambda *_args: market)
    engine = an_engine()
    return RiskGate(ledger, feed, engine, engine, a_mandate(), clock)


def test_a_stored_verdict_is_read_and_not_made_again():
    stored = a_verdict()
    ledger = Ledger(a_record(), stored=stored)

    assert a_gate(ledger, replay=True).assess("P1") is stored
    assert ledger.recorded == []


def test_a_member_that_its_batch_has_judged_needs_no_prices():
    stored = a_verdict()
    ledger = Ledger(a_record(status=ProposalStatus.JUDGED), stored=stored)
    ledger.holdings = lambda _portfolio: pytest.fail("prices were asked for")

    assert a_gate(ledger).assess("P1") is stored


def test_an_answer_that_comes_while_the_gate_looks_is_judged_the_next_time():
    ledger = Ledger(a_record(status=ProposalStatus.AWAITING), a_yes())

    @contextmanager
    def answered_meanwhile(_portfolio):
        ledger.record = a_record()
        yield ledger

    ledger.locked_book = answered_meanwhile
    with pytest.raises(Busy, match="try again"):
        a_gate(ledger).assess("P1")

    assert a_gate(ledger).assess("P1").decision is Decision.EXECUTE


def test_a_yes_is_judged_again_and_recorded():
    ledger = Ledger(a_record(), a_yes(quantity=15.0))

    verdict = a_gate(ledger).assess("P1")

    assert (verdict.decision, verdict.quantity) == (Decision.EXECUTE, 15.0)
    assert [row[2] for row in ledger.recorded] == [ProposalStatus.APPROVED]


def test_a_yes_to_something_riskier_than_was_shown_needs_a_new_card():
    wild = a_proposal(risk_level="high")
    record = a_record(proposal=wild, payload_hash=wild.payload_hash)
    ledger = Ledger(record, a_yes(payload_hash=wild.payload_hash))

    assert a_gate(ledger).assess("P1").decision is Decision.APPROVAL
    assert [row[2] for row in ledger.recorded] == [ProposalStatus.JUDGED]


def test_a_yes_to_what_is_refused_by_now_is_a_refusal():
    absurd = a_proposal(position_size_pct=0.02, confidence=0.1)
    record = a_record(origin=Origin.MODEL, proposal=absurd, payload_hash=absurd.payload_hash)
    ledger = Ledger(record, a_yes(payload_hash=absurd.payload_hash))

    assert a_gate(ledger).assess("P1").decision is Decision.REJECT
    assert ledger.recorded[0][1:3] == (0.0, ProposalStatus.REJECTED)


@pytest.mark.parametrize("answer", [None, a_yes(payload_hash="of something else")])
def test_an_approved_proposal_needs_an_answer_to_what_it_is_now(answer):
    with pytest.raises(RunAborted, match="carries no answer"):
        a_gate(Ledger(a_record(), answer)).assess("P1")


def test_a_hold_can_not_be_approved():
    hold = a_proposal(action="HOLD", position_size_pct=0.0)
    record = a_record(proposal=hold, payload_hash=hold.payload_hash)

    with pytest.raises(RunAborted, match="is HOLD"):
        a_gate(Ledger(record, a_yes(payload_hash=hold.payload_hash))).assess("P1")


def test_a_settled_proposal_is_not_judged():
    with pytest.raises(RunAborted, match="P1 is expired"):
        a_gate(Ledger(a_record(status=ProposalStatus.EXPIRED))).assess("P1")


def test_a_proposal_of_an_earlier_session_is_not_judged():
    with pytest.raises(RunAborted, match="propose it again"):
        a_gate(Ledger(a_record()), session=SESSION + timedelta(days=1)).assess("P1")


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ({}, ProposalStatus.JUDGED),
        ({"risk_level": "high"}, ProposalStatus.JUDGED),
        ({"position_size_pct": 0.5}, ProposalStatus.REJECTED),
    ],
    ids=["goes on", "waits", "refused"],
)
def test_a_scheduled_batch_is_judged_and_recorded(words, status):
    ledger = Ledger(a_record(status=ProposalStatus.SCHEDULED, trade=a_trade(), proposal=a_proposal(**words)))

    verdict = a_gate(ledger).assess("P1")

    assert verdict.phase is Phase.FIRST
    assert [row[2] for row in ledger.recorded] == [status]


def test_a_judged_member_of_a_batch_reads_its_answer_without_a_look_at_the_market():
    first = a_verdict(phase=Phase.FIRST)
    gate = a_gate(Ledger(a_record(status=ProposalStatus.JUDGED, verdict=first)))
    gate._market = SimpleNamespace()

    assert gate.assess("P1") == first


@pytest.mark.parametrize(
    "changes",
    [
        {"verdict": a_verdict(phase=Phase.AFTER_YES)},
        {"verdict": a_verdict(phase=Phase.FIRST, version=2)},
        {"verdict": a_verdict(phase=Phase.FIRST), "status": ProposalStatus.EXECUTING},
    ],
    ids=["after a yes", "of another version", "on its way"],
)
def test_any_other_verdict_is_read_under_the_lock(changes):
    stored = a_verdict(phase=Phase.FIRST, quantity=7.0)
    record = a_record(**{"status": ProposalStatus.JUDGED, **changes})

    assert a_gate(Ledger(record, stored=stored)).assess("P1").quantity == (
        20.0 if record.status is ProposalStatus.EXECUTING else 7.0
    )


def test_a_judged_proposal_of_an_earlier_session_gets_no_answer_any_more():
    record = a_record(status=ProposalStatus.JUDGED, verdict=a_verdict(phase=Phase.FIRST))

    with pytest.raises(RunAborted, match="propose it again"):
        a_gate(Ledger(record), session=SESSION + timedelta(days=1)).assess("P1")
