"""Live hours: what is decided while the exchange is closed waits for the open, and time runs on by itself."""

from datetime import UTC, datetime

import pytest

from domain.records import ProposalStatus
from domain.verdict import Phase
from tests.graph.conftest import open_desk
from tools.clock import SystemClock
from tools.exchange import Exchange


class Watch:
    """A clock's hands, moved by the test."""

    def __init__(self, *parts: int) -> None:
        self.now = datetime(*parts, tzinfo=UTC)

    def set(self, *parts: int) -> None:
        self.now = datetime(*parts, tzinfo=UTC)


@pytest.fixture
def watch():
    return Watch(2017, 5, 26, 12, 0)  # Friday, 08:00 in New York


@pytest.fixture
def live_desk(tmp_path, watch):
    clock = SystemClock(Exchange().session_at, lambda: watch.now)
    with open_desk(tmp_path / "home", clock=clock) as desk:
        yield desk


def status(desk, record):
    return desk.record(record.id).status


def test_before_the_open_a_proposal_is_scheduled_and_nothing_reserved(live_desk):
    (record,) = live_desk.propose(live_desk.buy("AAPL"))

    assert status(live_desk, record) is ProposalStatus.SCHEDULED
    assert live_desk.book().reservations == ()


def test_it_is_assessed_five_minutes_after_the_open_and_not_before(live_desk, watch):
    (record,) = live_desk.propose(live_desk.buy("AAPL"))
    watch.set(2017, 5, 26, 13, 34, 59)
    live_desk.runner.settle()
    early = status(live_desk, record)
    watch.set(2017, 5, 26, 13, 35)

    live_desk.runner.settle()

    assert early is ProposalStatus.SCHEDULED
    assert status(live_desk, record) is ProposalStatus.DONE
    assert live_desk.record(record.id).filled_quantity > 0


def test_inside_the_session_it_is_assessed_at_once(live_desk, watch):
    watch.set(2017, 5, 26, 15, 0)

    (record,) = live_desk.propose(live_desk.buy("AAPL"))

    assert status(live_desk, record) is ProposalStatus.DONE


def test_after_the_close_it_is_for_the_session_that_comes_next(live_desk, watch):
    watch.set(2017, 5, 26, 20, 0)

    (record,) = live_desk.propose(live_desk.buy("AAPL"))

    assert record.session.isoformat() == "2017-05-30"  # Monday was Memorial Day
    assert status(live_desk, record) is ProposalStatus.SCHEDULED


def test_exits_wait_for_the_open_but_not_for_the_first_minutes(live_desk, watch):
    watch.set(2017, 5, 26, 15, 0)
    live_desk.propose(live_desk.buy("AAPL"))
    watch.set(2017, 5, 30, 12, 0)
    (sale,) = live_desk.propose(live_desk.buy("AAPL", 1.0, action="SELL"))
    closed = status(live_desk, sale)
    watch.set(2017, 5, 30, 13, 30)

    live_desk.runner.settle()

    assert closed is ProposalStatus.SCHEDULED
    assert status(live_desk, sale) is ProposalStatus.DONE


def test_what_nobody_settled_in_its_session_expires_with_the_next(live_desk, watch):
    (record,) = live_desk.propose(live_desk.buy("AAPL"))
    watch.set(2017, 5, 26, 20, 30)

    live_desk.runner.settle()

    assert status(live_desk, record) is ProposalStatus.EXPIRED
    assert live_desk.broker.fills(datetime(2017, 1, 1, tzinfo=UTC)) == ()


def test_a_run_before_the_open_decides_and_leaves_the_rest_to_the_session(live_desk, watch):
    live_desk.analyst.proposals = [live_desk.buy("AAPL")]
    live_desk.runner.start("2017-05-26")
    (before,) = live_desk.ledger.proposals("demo", slot="2017-05-26")
    watch.set(2017, 5, 26, 13, 40)

    again = live_desk.runner.start("2017-05-26")

    assert before.status is ProposalStatus.SCHEDULED
    assert again.already_done
    assert (before.verdict, live_desk.record(before.id).verdict.phase) == (None, Phase.FIRST)


def test_the_age_of_the_account_is_known_and_young_when_it_is_judged(live_desk, watch):
    watch.set(2017, 5, 26, 15, 0)
    (record,) = live_desk.propose(live_desk.buy("AAPL"))

    judgement = live_desk.ledger.judgement(live_desk.record(record.id).verdict.judgement)

    assert judgement.book.account_age_seconds == 0.0
