"""Runs, answers and outcomes reach Braintrust once each, off the order path; an observer that is down delays nobody."""

import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest

from agent.analysts.quant import QuantAnalyst
from domain.episodes import Span
from domain.errors import Undelivered
from evals.braintrust_log import BraintrustLog, send_traces
from evals.braintrust_settings import BraintrustSettings
from evals.traces import Row, told_by
from graph.outcomes import score_outcomes
from tests.graph.conftest import open_desk
from tests.standins.braintrust import Braintrust

SESSION = "2017-05-26"


@pytest.fixture
def server():
    made = Braintrust()
    yield made
    made.close()


@pytest.fixture
def desk(tmp_path):
    with open_desk(tmp_path / "home", analyst=QuantAnalyst()) as made:
        yield made


def log_to(server):
    return BraintrustLog(
        BraintrustSettings(
            _env_file=None,
            braintrust_api_key="bt-marked-key",
            braintrust_api_url=server.url,
            braintrust_app_url=server.url,
        )
    )


def lived_through(desk):
    """One run, one answer by a person, and the outcomes of the next session."""
    desk.runner.start(SESSION)
    waiting = desk.waiting()
    desk.answer(waiting[0])
    desk.move_to(date(2017, 5, 31))
    desk.runner.enter()
    score_outcomes(desk.ctx)
    return waiting[0]


def test_rows_spans_scores_and_feedback_arrive_once_each(desk, server):
    asked = lived_through(desk)
    sink = log_to(server)

    sent = send_traces(desk.ledger, sink, desk.clock.wall())

    run = server.rows[f"run:demo/{SESSION}"]
    mine = server.rows[f"proposal:{asked.id}"]
    assert run["input"] == {"portfolio": "demo", "slot": SESSION, "session": SESSION}
    assert mine["span_parents"] == [run["span_id"]]
    assert mine["root_span_id"] == run["root_span_id"]
    assert mine["scores"]["approved"] == 1.0
    assert mine["expected"]["answer"] == "approve"
    assert mine["expected"]["by"] == "local"
    assert mine["scores"]["ended_higher_1"] in {0.0, 1.0}
    assert {name for name in server.rows if name.startswith("thesis:")} == {
        f"thesis:demo/{SESSION}/{thesis.symbol}" for thesis in desk.ledger.theses("demo", SESSION)
    }
    scored = [judged for judged in desk.ledger.judged("demo") if judged.after(Span.ONE)]
    assert sent == 1 + 1 + len(scored)
    assert set(server.taken.values()) == {1}
    assert send_traces(desk.ledger, sink, desk.clock.wall()) == 0
    assert server.keys == {"bt-marked-key"}


def test_what_was_sent_twice_is_there_once(desk, server):
    lived_through(desk)
    sink = log_to(server)
    send_traces(desk.ledger, sink, desk.clock.wall())
    before = set(server.rows)

    item = Sent(f"trace:run:demo/{SESSION}", {"type": "run", "slot": SESSION})
    sink.send(told_by(desk.ledger, item))

    assert set(server.rows) == before


class Sent:
    """An outbox message as it was."""

    def __init__(self, key, payload):
        self.key, self.payload, self.portfolio = key, payload, "demo"


def test_an_observer_that_is_down_is_tried_again_later_and_costs_no_time(desk, server):
    lived_through(desk)
    server.down = True
    sink = log_to(server)
    started = time.monotonic()

    assert send_traces(desk.ledger, sink, desk.clock.wall()) == 0

    assert time.monotonic() - started < 5.0
    assert desk.ledger.outbox_waiting(["trace"])["trace"] > 0
    with pytest.raises(Undelivered, match="Braintrust did not take it"):
        log_to(server).send([Row("run:x", None, "run", "task", {})])
    server.down = False
    later = desk.clock.wall().replace(hour=23)
    assert send_traces(desk.ledger, log_to(server), later) > 0
    assert desk.ledger.outbox_waiting(["trace"]) == {}


@pytest.mark.process
def test_with_the_observer_unreachable_a_process_ends_at_once():
    script = """
import sys, time
sys.path.insert(0, sys.argv[1])
from domain.errors import Undelivered
from evals.braintrust_log import BraintrustLog
from evals.braintrust_settings import BraintrustSettings
from evals.traces import Row
nowhere = "http://127.0.0.1:9"
settings = BraintrustSettings(
    _env_file=None, braintrust_api_key="k", braintrust_api_url=nowhere, braintrust_app_url=nowhere
)
try:
    BraintrustLog(settings).send([Row("run:x", None, "run", "task", {})])
except Undelivered:
    print(time.monotonic())
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(Path(__file__).parents[2])],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert time.monotonic() - float(done.stdout) < 3.0


def test_without_a_key_the_messages_are_struck_off(desk):
    lived_through(desk)

    assert send_traces(desk.ledger, None, desk.clock.wall()) == 0
    assert desk.ledger.outbox_waiting(["trace"]) == {}
