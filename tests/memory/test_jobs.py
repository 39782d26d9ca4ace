"""Jobs: attempts counted in the row, parked after too many, skipped and told once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import NotFound
from domain.jobs import Job, JobStatus, ReplayPosition
from domain.orders import IntentState
from domain.records import Run, RunStatus
from tests.memory.fakes import D1, D2, a_mandate, a_new

NOW = datetime(2026, 1, 2, 14, 35, tzinfo=UTC)
SLOT = Job(portfolio="demo", name="2017-05-26", kind="research", session=D1)


def told(ledger):
    return [row.action for row in ledger.audit_rows("demo")]


def test_a_job_that_ended_well_is_not_begun_again(ledger):
    assert ledger.begin_job(SLOT, NOW, 3).attempts == 1
    ledger.end_job("demo", SLOT.name, NOW)

    again = ledger.begin_job(SLOT, NOW, 3)
    assert (again.status, again.attempts) == (JobStatus.DONE, 1)


def test_a_job_whose_process_died_each_time_is_parked_audited_and_told_once(ledger):
    for attempt in range(1, 4):
        assert ledger.begin_job(SLOT, NOW, 3).attempts == attempt

    assert ledger.begin_job(SLOT, NOW, 3).status is JobStatus.PARKED
    assert ledger.begin_job(SLOT, NOW, 3).status is JobStatus.PARKED
    assert told(ledger) == ["job_parked"]
    ledger.verify_audit()


def test_an_attempt_that_was_nobodys_fault_is_taken_back(ledger):
    for _ in range(5):
        ledger.begin_job(SLOT, NOW, 3)
        ledger.fail_job("demo", SLOT.name, "the database was away", counts=False)

    assert ledger.begin_job(SLOT, NOW, 3).attempts == 1


def test_a_parked_job_is_taken_up_again_on_request_only(ledger):
    ledger.begin_job(SLOT, NOW, 1)
    ledger.begin_job(SLOT, NOW, 1)

    assert ledger.retry_job("demo", SLOT.name).attempts == 0
    with pytest.raises(NotFound, match="no parked job"):
        ledger.retry_job("demo", SLOT.name)
    assert ledger.begin_job(SLOT, NOW, 1).status is JobStatus.OPEN


def test_a_missed_slot_is_skipped_and_told_once_also_when_it_had_been_begun(ledger):
    ledger.begin_job(SLOT, NOW, 3)

    assert ledger.skip_job(SLOT, "too late")
    assert not ledger.skip_job(SLOT, "too late")
    assert told(ledger) == ["slot_missed"]
    assert ledger.begin_job(SLOT, NOW, 3).status is JobStatus.SKIPPED


def test_sixteen_threads_skip_a_slot_once(ledger):
    with ThreadPoolExecutor(16) as pool:
        skipped = list(pool.map(lambda _: ledger.skip_job(SLOT, "too late"), range(16)))

    assert sum(skipped) == 1
    assert told(ledger) == ["slot_missed"]


def test_jobs_are_listed_from_a_session_on_with_those_that_have_none(ledger):
    ledger.begin_job(SLOT, NOW, 3)
    ledger.begin_job(SLOT.model_copy(update={"name": "2017-05-30", "session": D2}), NOW, 3)
    ledger.note_job(Job(portfolio="demo", name="expire", kind="expire"), NOW)
    ledger.note_job(Job(portfolio="other", name="expire", kind="expire"), NOW)

    assert [job.name for job in ledger.jobs("demo", since=D2)] == ["2017-05-30", "expire"]


def test_the_last_rebalancing_is_the_newest_that_was_done(ledger):
    for session, done in ((D1, True), (D2, False)):
        job = Job(portfolio="demo", name=f"{session}.rebalance", kind="rebalance", session=session)
        ledger.begin_job(job, NOW, 3)
        if done:
            ledger.end_job("demo", job.name, NOW)

    assert ledger.last_job("demo", "rebalance").session == D1
    assert ledger.last_job("demo", "research") is None


def test_a_replay_moves_on_once_from_where_it_stood(ledger):
    here, there = (ReplayPosition(portfolio="demo", now=NOW + timedelta(hours=n), moved_at=NOW) for n in (0, 1))

    assert ledger.move_replay(here, None)
    assert not ledger.move_replay(here, None)
    assert ledger.move_replay(there, here.now)
    assert not ledger.move_replay(there, here.now)
    assert ledger.replay_position("demo") == there


def test_a_portfolio_is_put_on_schedule_once(ledger):
    assert ledger.put_on_schedule("demo", NOW) == NOW
    assert ledger.put_on_schedule("demo", NOW + timedelta(days=1)) == NOW


def test_a_process_is_seen_for_as_long_as_it_says_so(ledger):
    ledger.seen("worker a", "worker", NOW)
    ledger.seen("worker a", "worker", NOW + timedelta(seconds=30), "busy")
    ledger.seen("worker b", "worker", NOW)

    (seen,) = ledger.processes(NOW + timedelta(seconds=20))
    assert (seen.name, seen.note, seen.started_at) == ("worker a", "busy", NOW)


def test_what_is_unfinished_is_told_with_its_status(desk):
    desk.ledger.add_batch("demo", "B", None, D1, [a_new("A"), a_new("H", action="HOLD")], NOW)

    assert desk.ledger.unfinished("demo")["A"] == "scheduled"


def test_what_is_over_is_named_from_a_session_on_with_runs_that_are_done(ledger):
    ledger.open_portfolio(a_mandate(), D1, NOW)
    for name, session in (("early", D1), ("late", D2), ("begun", D2)):
        ledger.begin_job(SLOT.model_copy(update={"name": name, "session": session}), NOW, 3)
    for name in ("early", "late"):
        ledger.end_job("demo", name, NOW)
    for slot in ("ran", "runs"):
        ledger.begin_run(Run(portfolio="demo", slot=slot, session=D2, analyst="quant", started_at=NOW))
    ledger.end_run("demo", "ran", RunStatus.DONE, {}, "", NOW)

    assert ledger.over("demo", D2) == {"late", "ran"}
    assert ledger.over("demo", D1) == {"early", "late", "ran"}
    assert ledger.over("other", D1) == set()


def test_portfolios_are_named_that_wait_for_people_or_for_an_order(desk):
    assert (desk.ledger.awaiting(), desk.ledger.ordering()) == (set(), set())
    desk.waiting("A")
    assert (desk.ledger.awaiting(), desk.ledger.ordering()) == ({"demo"}, set())

    intent = desk.committed("B", "MSFT")

    assert desk.ledger.ordering() == {"demo"}
    desk.ledger.mark_intent(intent.client_order_id, IntentState.REJECTED, "no", NOW)
    assert desk.ledger.ordering() == set()
