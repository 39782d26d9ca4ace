"""The desk runs by itself: a replayed week on the real server, jobs that fail, portfolios that do not mix."""

import shutil
import sqlite3
from datetime import UTC, date, datetime, timedelta

import pytest

from domain.errors import RunAborted
from domain.jobs import JobStatus
from domain.orders import IntentState
from domain.proposal import Origin
from domain.records import RunStatus
from graph.answers import answer_card
from graph.batches import Draft, add_proposals
from graph.intents import build_intent
from graph.views import book_of, market_now
from memory.postgres import DatabaseUnreachable
from tests.graph.conftest import proposal
from workers import carry, jobs
from workers.carry import Outcome, carry_out
from workers.desks import Desks
from workers.notices import notices_of
from workers.planner import Planner
from workers.serve import Server
from workers.settings import Settings

FIRST, LAST = date(2017, 5, 26), date(2017, 5, 31)
WEEK = ["2017-05-26", "2017-05-30", "2017-05-31"]


def settings_at(home, **changes):
    given = {"home": home, "cache": home / "cache", "replay_pace_seconds": 0.0, "replay_until": LAST, **changes}
    return Settings(_env_file=None, **given)


@pytest.fixture
def opened(tmp_path, monkeypatch):
    """Open the desks of a home; the settings that wiring reads for itself are the same."""

    def at(home=tmp_path / "home", **changes):
        settings = settings_at(home, **changes)
        monkeypatch.setenv("PM_HOME", str(home))
        monkeypatch.setenv("PM_CACHE", str(home / "cache"))
        made = Desks(settings)
        closing.append(made)
        return made

    closing: list[Desks] = []
    yield at
    for desks in closing:
        desks.close()


def serve(desks):
    said: list[str] = []
    Server(desks, said.append).run()
    return said


def book_and_broker(home, portfolio, desks):
    ctx = desks.of(portfolio).ctx
    book = book_of(ctx, market_now(ctx))
    with sqlite3.connect(home / "broker.sqlite") as db:
        held = dict(db.execute("SELECT symbol, quantity FROM holdings WHERE portfolio = ?", [portfolio]))
        ((cash,),) = db.execute("SELECT cash FROM account WHERE portfolio = ?", [portfolio])
    mine = {symbol: position.quantity for symbol, position in book.positions.items()}
    return (mine, round(book.cash, 6)), ({s: float(q) for s, q in held.items() if float(q)}, round(float(cash), 6))


@pytest.fixture
def other(mandate):
    return mandate("start = 2017-05-26", "start = 2017-05-30", name="other")


def test_a_week_of_two_portfolios_runs_by_itself_once_each_and_the_books_do_not_mix(opened, tmp_path, other):
    desks = opened(portfolios=f"demo, {other}")

    said = serve(desks)

    assert any("replay is over" in line for line in said)
    for name, sessions in (("demo", WEEK), ("other", WEEK[1:])):
        runs = [(run.slot, run.status, run.attempts) for run in desks.ledger.runs(name)]
        assert sorted(runs) == [(session, RunStatus.DONE, 1) for session in sessions]
        over = {job.name: job.status for job in desks.ledger.jobs(name) if job.session}
        assert set(over) == {s + kind for s in sessions for kind in ("", ".equity", ".report", ".outcomes")}
        assert set(over.values()) == {JobStatus.DONE}
        book, broker = book_and_broker(tmp_path / "home", name, desks)
        assert book == broker
        assert {record.portfolio for record in desks.ledger.proposals(name)} == {name}


def test_the_same_week_again_does_nothing(opened):
    serve(opened())
    desks = opened()

    said = serve(desks)

    assert not any("run_slot" in line for line in said)
    assert [run.attempts for run in desks.ledger.runs("demo")] == [1, 1, 1]


def test_what_pm_run_has_decided_is_not_decided_again(opened, demo_home, tmp_path):
    shutil.copytree(demo_home, tmp_path / "home")
    desks = opened(replay_until=FIRST)

    calls = Planner(desks).slots()

    assert [call for call in calls if call.argument == "2017-05-26"] == []


def test_a_poisoned_job_is_parked_after_ten_attempts_and_the_week_goes_on(opened, monkeypatch):
    def fails(desks, portfolio, slot):
        raise RunAborted("the report has a bug")

    monkeypatch.setitem(carry.JOBS, "daily_report", fails)
    desks = opened(replay_until=FIRST)

    said = serve(desks)

    (report,) = [job for job in desks.ledger.jobs("demo") if job.kind == "report"]
    assert (report.status, report.attempts) == (JobStatus.PARKED, carry.MOST_ATTEMPTS)
    assert any("replay is over" in line for line in said)
    assert "job_parked" in [row.action for row in desks.ledger.audit_rows("demo")]


def test_a_job_that_somebody_else_does_is_left_to_them(opened):
    desks = opened()

    with desks.storage.locks.hold("job:demo/2017-05-26"):
        assert carry_out(desks, "run_slot", "demo", "2017-05-26") is Outcome.BUSY
    assert desks.ledger.runs("demo") == ()


@pytest.mark.parametrize(
    "error", [sqlite3.OperationalError("database is locked"), DatabaseUnreachable("nobody is there", "start it")]
)
def test_a_database_that_is_away_counts_no_attempt(opened, monkeypatch, error):
    def away(desks, portfolio, slot):
        raise error

    monkeypatch.setitem(carry.JOBS, "run_slot", away)
    desks = opened()

    assert carry_out(desks, "run_slot", "demo", "2017-05-26") is Outcome.AGAIN
    assert [job.attempts for job in desks.ledger.jobs("demo")] == [0]


def test_a_round_that_keeps_failing_is_told_once(opened, monkeypatch):
    def fails(desks, portfolio, argument):
        raise RunAborted("the broker's key was revoked")

    monkeypatch.setitem(carry.JOBS, "reconcile", fails)
    desks = opened()

    for _ in range(2 * carry.ALERT_AFTER):
        assert carry_out(desks, "reconcile", "demo") is Outcome.FAILED
    told = [notice.headline for _, notice in notices_of(desks.ledger, "demo", tuple(desks.ledger.audit_rows("demo")))]
    assert told == ["reconcile keeps failing"]


def test_a_slot_that_live_nobody_began_in_time_is_skipped_and_told(opened, monkeypatch):
    class Afternoon:
        replay = False

        def now(self):
            return datetime(2017, 5, 30, 19, 0, tzinfo=UTC)

    desks = opened(replay_until=None)
    monkeypatch.setattr(desks, "clock", lambda mandate: Afternoon())
    desks.ledger.put_on_schedule("demo", datetime(2017, 5, 29, tzinfo=UTC))

    assert [(call.kind, call.argument) for call in Planner(desks).slots()] == [("equity_point", "2017-05-30.equity")]
    skipped = [job.name for job in desks.ledger.jobs("demo") if job.status is JobStatus.SKIPPED]
    assert skipped == ["2017-05-30"]


def test_live_a_portfolio_for_which_nothing_is_due_is_left_alone_for_a_minute(opened, monkeypatch):
    class Night:
        replay, asked = False, 0

        def now(self):
            self.asked += 1
            return datetime(2017, 5, 30, 5, 0, tzinfo=UTC)

    night, desks = Night(), opened(replay_until=None)
    monkeypatch.setattr(desks, "clock", lambda mandate: night)
    desks.ledger.put_on_schedule("demo", datetime(2017, 5, 30, tzinfo=UTC))
    planner = Planner(desks)

    assert planner.slots() == []
    before = night.asked
    assert planner.slots() == []
    assert night.asked == before


def test_an_order_that_was_promised_and_not_sent_is_followed_up_between_two_reconciles(opened):
    desks = opened()
    wired = desks.of("demo", enters=True)
    ctx, planner = wired.ctx, Planner(desks)
    wired.runner.enter()
    (record,) = add_proposals(ctx, "b", None, market_now(ctx), [Draft(Origin.PERSON, proposal("MSFT"))])
    assert planner.periodic("follow_orders") == []
    ctx.gate.assess(record.id)
    promised = ctx.ledger.commit_intent(build_intent(ctx, ctx.ledger.proposal(record.id)))

    (call,) = planner.periodic("follow_orders")

    assert carry_out(desks, *call) is Outcome.DONE
    assert ctx.ledger.intent(promised.client_order_id).state is IntentState.DONE
    assert planner.periodic("follow_orders") == []


def test_expiry_is_asked_of_portfolios_that_wait_for_people_and_exits_not_of_replays(opened, demo_home, tmp_path):
    shutil.copytree(demo_home, tmp_path / "home")
    planner = Planner(opened(replay_until=FIRST))

    assert [call.portfolio for call in planner.periodic("expire")] == ["demo"]
    assert planner.periodic("watch_exits") == []
    assert len(planner.periodic("reconcile")) == len(planner.everyone("reconcile"))


def test_an_answered_proposal_is_moved_by_the_next_sweep(opened, demo_home, tmp_path):
    shutil.copytree(demo_home, tmp_path / "home")
    desks = opened(replay_until=FIRST)
    planner = Planner(desks)
    assert planner.unfinished() == []
    (waiting,) = desks.ledger.unfinished("demo")
    ctx = desks.of("demo").ctx

    answer_card(ctx, ctx.ledger.proposal(waiting), answer="approve", by="local", channel="test")

    (call,) = planner.unfinished()
    assert carry_out(desks, *call) is Outcome.DONE
    assert ctx.ledger.unfinished("demo") == {}


def test_what_people_ask_for_is_carried_out_by_the_next_tick(opened, demo_home, tmp_path):
    shutil.copytree(demo_home, tmp_path / "home")
    desks = opened(replay_until=FIRST)
    (waiting,) = desks.ledger.unfinished("demo")
    ctx = desks.of("demo").ctx
    answer_card(ctx, ctx.ledger.proposal(waiting), answer="reject", by="7", channel="telegram")
    desks.ledger.post("demo", "advance", f"advance:{waiting}", {"proposal_id": waiting}, ctx.clock.wall())

    calls = [call for call in Planner(desks).slots() if call.kind == "requests"]

    assert [carry_out(desks, *call) for call in calls] == [Outcome.DONE]
    assert desks.ledger.unfinished("demo") == {}
    assert desks.ledger.outbox_waiting(["advance"]) == {}


def test_sessions_are_read_off_slot_names():
    assert jobs.session_of("2017-05-26.rebalance") == FIRST
    assert jobs.session_of("2017-05-26T11:00") == FIRST + timedelta(0)
