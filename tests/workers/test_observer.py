"""Braintrust may hang or be gone: what trades never speaks to it, and of a process one thread at most waits for it."""

import socket
import threading

import pytest

from agent.analysts.quant import QuantAnalyst
from tests.graph.conftest import open_desk
from workers.jobs import learn

SESSION = "2017-05-26"


class Hanging:
    """A server that lets everybody in and answers nobody, until it is closed."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.callers = []
        self.called = threading.Event()
        threading.Thread(target=self._let_in, daemon=True).start()

    def _let_in(self):
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            self.callers.append(caller)
            self.called.set()

    def close(self):
        self._listener.close()
        for caller in self.callers:
            caller.close()


class Desks:
    """Open desks, as jobs ask for them."""

    def __init__(self, desk):
        self._desk = desk

    def of(self, _):
        return self._desk


@pytest.fixture
def hanging(monkeypatch):
    server = Hanging()
    for name in ("BRAINTRUST_API_URL", "BRAINTRUST_APP_URL"):
        monkeypatch.setenv(name, server.url)
    monkeypatch.setenv("BRAINTRUST_API_KEY", "k")
    yield server
    server.close()


def test_what_decides_and_trades_never_speaks_to_the_observer(fresh, hanging):
    ran = fresh.json("run", "--as-of", SESSION)
    fresh.json("orders")

    assert ran["status"] == "done"
    assert hanging.callers == []


def test_one_thread_waits_for_an_observer_that_hangs_and_the_others_go_on(tmp_path, hanging):
    with (
        open_desk(tmp_path / "one", analyst=QuantAnalyst()) as one,
        open_desk(tmp_path / "two", analyst=QuantAnalyst()) as two,
    ):
        for desk in (one, two):
            desk.runner.start(SESSION)
        waits = threading.Thread(target=learn, args=(Desks(one), "demo", ""))
        waits.start()
        assert hanging.called.wait(60)

        learn(Desks(two), "demo", "")

        assert waits.is_alive()
        assert len(hanging.callers) == 1
        hanging.close()
        waits.join(60)
        assert not waits.is_alive()
        assert one.ledger.outbox_waiting(["trace"])["trace"] > 0
        assert two.ledger.outbox_waiting(["trace"])["trace"] > 0
