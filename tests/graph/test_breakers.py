"""Breakers act by themselves, once, and only ever tighten; a scripted operator resumes replays."""

from dataclasses import replace
from datetime import date

import pytest
from sqlmodel import delete

from domain.book import ControlState
from domain.proposal import Origin
from domain.records import BreakerLevels, Cause, ProposalStatus
from graph.batches import Draft, add_proposals
from graph.breakers import check_breakers, look
from graph.operator import resume_when_due, resumes
from graph.views import market_now
from memory.ledger.tables import EquityPointRow
from tests.graph.conftest import SESSION, proposal

ACTIVE, REDUCING, HALTED = ControlState.ACTIVE, ControlState.REDUCING, ControlState.HALTED
BEFORE, NEXT, AFTER_NEXT = date(2017, 5, 25), date(2017, 5, 30), date(2017, 5, 31)
DAY_20 = date(2017, 6, 26)  # the twentieth session after SESSION: 29 May is Memorial Day


def fallen(desk, depth):
    """Put the reference high where today's unit value is `depth` below it."""
    desk.ledger.set_reference_high("demo", desk.book().unit_value / (1.0 - depth), "test", "a fall")


def lost(desk, share):
    """Make the session before SESSION one that lost `share`."""
    desk.ledger.record_equity("demo", BEFORE, 100_000.0 / (1.0 - share), desk.clock.now())


def state(desk):
    return desk.ledger.control("demo").state


def changes(desk):
    return [row.subject for row in desk.ledger.audit_rows("demo") if row.action == "control_changed"]


@pytest.mark.parametrize(
    ("depth", "expected"),
    [(0.0, ACTIVE), (0.149, ACTIVE), (0.15, REDUCING), (0.199, REDUCING), (0.20, HALTED), (0.5, HALTED)],
)
def test_a_drawdown_reduces_at_fifteen_per_cent_and_halts_at_twenty(desk, depth, expected):
    fallen(desk, depth)

    control = look(desk.ctx)

    assert control.state is expected
    if expected is not ACTIVE:
        assert (control.cause, control.by, control.session) == (Cause.DRAWDOWN, "breakers", SESSION)
        assert "below its reference high" in control.reason


@pytest.mark.parametrize(("share", "expected"), [(0.029, ACTIVE), (0.03, REDUCING), (0.049, REDUCING), (0.05, HALTED)])
def test_a_bad_session_reduces_at_three_per_cent_and_halts_at_five(desk, share, expected):
    lost(desk, share)

    desk.runner.enter()

    assert state(desk) is expected


def test_a_loss_within_the_session_counts_too(desk):
    desk.runner.enter()
    book = desk.book()

    control = check_breakers(desk.ctx, book.model_copy(update={"unit_value": book.unit_value * 0.965}))

    assert (control.state, control.cause) == (REDUCING, Cause.DAILY_LOSS)
    assert control.reason.startswith("this session lost 3.5%")


def test_a_unit_value_that_is_no_number_halts(desk):
    broken = desk.book().model_construct(**{**dict(desk.book()), "unit_value": float("nan")})

    assert check_breakers(desk.ctx, broken).state is HALTED


def test_a_rule_that_policy_turned_off_has_no_breaker(desk):
    class Off:
        def breaker_levels(self):
            return BreakerLevels()

    fallen(desk, 0.5)

    assert look(replace(desk.ctx, levels=Off())).state is ACTIVE


def test_levels_come_from_the_policy_of_the_portfolio(desk):
    levels = desk.ctx.levels.breaker_levels()

    assert levels == BreakerLevels(drawdown_reducing=0.15, drawdown_halted=0.20, daily_reducing=0.03, daily_halted=0.05)


def test_a_breaker_acts_once_per_reference_high(desk):
    fallen(desk, 0.16)
    for _ in range(3):
        look(desk.ctx)
    assert changes(desk) == ["REDUCING"]

    desk.ledger.set_control("demo", ACTIVE, "a person is sure", "ann", desk.clock.now())
    assert look(desk.ctx).state is ACTIVE

    fallen(desk, 0.16)
    assert look(desk.ctx).state is REDUCING
    assert changes(desk) == ["REDUCING", "ACTIVE", "REDUCING"]


def test_a_deeper_fall_halts_a_reducing_desk_and_a_recovery_loosens_nothing(desk):
    high = desk.book().unit_value
    book = desk.book()
    for value in (0.84, 0.79, 0.95, 1.0):
        check_breakers(desk.ctx, book.model_copy(update={"unit_value": high * value, "last_session_return": None}))

    assert changes(desk)[-1] == "HALTED"
    assert state(desk) is HALTED


def test_a_daily_loss_ends_by_itself_with_the_next_session(desk):
    lost(desk, 0.04)
    desk.runner.enter()
    desk.runner.enter()
    same_session = state(desk)

    desk.move_to(NEXT)
    desk.runner.enter()

    assert (same_session, state(desk)) == (REDUCING, ACTIVE)
    assert changes(desk) == ["REDUCING", "ACTIVE"]


@pytest.mark.parametrize("cause", [Cause.PERSON, Cause.DRAWDOWN])
def test_what_a_person_or_a_drawdown_set_does_not_end_by_itself(desk, cause):
    lost(desk, 0.04)
    desk.runner.enter()
    desk.ledger.set_control("demo", REDUCING, "more", "test", desk.clock.now(), cause=cause)

    desk.move_to(NEXT)
    desk.runner.enter()

    assert state(desk) is REDUCING


def test_after_a_halt_for_a_bad_session_a_resume_in_that_session_holds(desk):
    lost(desk, 0.06)
    desk.runner.enter()
    assert state(desk) is HALTED
    desk.ledger.set_control("demo", ACTIVE, "a person is sure", "ann", desk.clock.now())

    desk.runner.enter()

    assert state(desk) is ACTIVE


def test_a_run_after_a_crash_halts_before_anything_is_assessed(desk):
    desk.analyst.proposals = [desk.buy("AAPL")]
    fallen(desk, 0.25)

    desk.runner.start(SESSION.isoformat())

    (record,) = desk.ledger.proposals("demo")
    assert record.verdict.decision.value == "halt"
    assert desk.ledger.intents("demo") == ()


def test_a_fill_that_finds_the_desk_too_deep_stops_it(desk):
    desk.propose(desk.buy("AAPL"))
    desk.move_to(NEXT)
    desk.runner.enter()
    fallen(desk, 0.16)
    assert state(desk) is ACTIVE
    sale = proposal("AAPL", action="SELL", position_size_pct=0.5)
    (record,) = add_proposals(desk.ctx, "b", None, market_now(desk.ctx), [Draft(Origin.PERSON, sale)])
    desk.runner.advance(record.id)

    assert desk.record(record.id).status is ProposalStatus.DONE
    assert state(desk) is REDUCING


class LiveClock:
    replay = False

    def __init__(self, clock):
        self.now, self.wall, self.session = clock.now, clock.wall, clock.session


@pytest.mark.parametrize(
    ("last_look", "expected"), [(date(2017, 5, 23), REDUCING), (date(2017, 5, 24), ACTIVE), (BEFORE, ACTIVE)]
)
def test_live_two_sessions_without_a_look_at_what_is_held_reduce_the_desk(desk, last_look, expected):
    desk.propose(desk.buy("AAPL"))
    with desk.ledger._database.write() as db:
        db.exec(delete(EquityPointRow))
    desk.ledger.record_equity("demo", last_look, 100_000.0, desk.clock.now())
    desk.ledger.record_equity("demo", SESSION, 100_000.0, desk.clock.now())

    control = check_breakers(replace(desk.ctx, clock=LiveClock(desk.clock)), desk.book())

    assert control.state is expected
    if expected is REDUCING:
        assert control.reason == "nobody has looked at the holdings since session 2017-05-23"


def test_a_replay_may_skip_sessions(desk):
    desk.propose(desk.buy("AAPL"))
    desk.move_to(date(2017, 7, 3))

    desk.runner.enter()

    assert state(desk) is ACTIVE


@pytest.mark.parametrize("depth", [0.16, 0.25])
def test_the_scripted_operator_resumes_after_twenty_sessions_and_is_counted(desk, depth):
    fallen(desk, depth)
    look(desk.ctx)

    desk.move_to(date(2017, 6, 23))
    early = resume_when_due(desk.ctx)
    desk.move_to(DAY_20)
    due = resume_when_due(desk.ctx)
    again = resume_when_due(desk.ctx)

    assert (early, due, again, resumes(desk.ctx)) == (False, True, False, 1)
    book = desk.book()
    assert (book.control, book.reference_high) == (ACTIVE, book.unit_value)
    desk.runner.enter()
    assert state(desk) is ACTIVE


def test_the_scripted_operator_leaves_alone_what_a_person_stopped(desk):
    desk.ledger.set_control("demo", HALTED, "smoke", "ann", desk.clock.now())
    desk.move_to(date(2017, 9, 5))

    assert not resume_when_due(desk.ctx)
    assert state(desk) is HALTED
