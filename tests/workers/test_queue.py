"""What is put on the queue of the fleet, in which order it is taken off, and what is done only once."""

import os

import pytest

from tests.standins.redis import CannotStart, started_redis
from workers.planner import Call
from workers.queues import QUEUE_DESK, QUEUE_RUNS, lists_of

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def worker(tmp_path_factory):
    """The tasks of a worker on a Redis of their own."""
    home = tmp_path_factory.mktemp("queue") / "home"
    try:
        with started_redis() as server, pytest.MonkeyPatch.context() as patch:
            for name, value in {
                "PM_HOME": str(home),
                "PM_CACHE": str(home / "cache"),
                "PM_REDIS_URL": server.url,
                "PM_PORTFOLIOS": "demo",
                "PM_REPLAY_UNTIL": "2017-05-26",
            }.items():
                patch.setenv(name, value)
            from workers import tasks  # reads the settings that were just made

            yield tasks
            tasks._desks().close()
    except CannotStart as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"no Redis: {error}")
        pytest.skip(f"no Redis: {error}")


@pytest.fixture
def fleet(worker):
    """The same with nothing on the queue."""
    worker._redis().flushall()
    return worker


def taken(tasks):
    """Take everything off the queue, in the order in which a worker would."""
    with tasks.app.connection_for_read() as connection, connection.channel() as channel:
        while (message := channel.basic_get(QUEUE_DESK, no_ack=True)) is not None:
            yield message.headers["task"].removeprefix("pm.")


def test_what_looks_after_orders_passes_a_backlog_of_proposals(fleet):
    calls = [Call("learn", "demo"), *(Call("advance", "demo", f"P{n}") for n in range(3)), Call("reconcile", "demo")]
    for call in calls:
        assert fleet.send(call)

    waiting = [fleet._redis().llen(name) for name in lists_of(QUEUE_DESK)]

    assert waiting == [1, 3, 1]
    assert list(taken(fleet)) == ["reconcile", "advance", "advance", "advance", "learn"]


def test_a_message_that_waits_is_not_sent_again(fleet):
    assert fleet.send(Call("advance", "demo", "P"))
    assert not fleet.send(Call("advance", "demo", "P"))
    assert fleet.send(Call("run_slot", "demo", "2017-05-26"))

    assert fleet._redis().llen(lists_of(QUEUE_DESK)[1]) == 1
    assert fleet._redis().llen(lists_of(QUEUE_RUNS)[1]) == 1
    seconds = fleet._redis().ttl(fleet._key(Call("advance", "demo", "P")))
    assert fleet.SENT_AGAIN_SECONDS < seconds <= fleet.QUEUED_SECONDS


def test_a_message_is_forgotten_where_the_job_was_begun_after_it_was_sent(fleet):
    assert fleet.app.tasks["pm.run_slot"].run("demo", "2017-05-26") == "done"
    (proposal,) = fleet._desks().ledger.unfinished("demo")
    advance, sent_at = fleet.app.tasks["pm.advance"].run, fleet._now()

    first, double = advance("demo", proposal, sent_at), advance("demo", proposal, sent_at)
    later = advance("demo", proposal, fleet._now())

    assert (first, double, later) == ("done", "over", "done")


def test_a_job_that_was_begun_and_never_ended_is_sent_again_sooner_than_one_that_waits(fleet, monkeypatch):
    call = Call("advance", "demo", "P")
    fleet.send(call)

    class Killed(BaseException):
        pass

    def dies(*_):
        raise Killed

    monkeypatch.setattr(fleet, "carry_out", dies)
    with pytest.raises(Killed):
        fleet.app.tasks["pm.advance"].run(call.portfolio, call.argument, fleet._now())

    assert 0 < fleet._redis().ttl(fleet._key(call)) <= fleet.SENT_AGAIN_SECONDS
