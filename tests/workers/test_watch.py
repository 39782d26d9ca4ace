"""The trade stream as a hint, and the jobs that do not depend on it."""

import threading

import pytest

from domain.orders import IntentState
from tests.graph.alpaca_desk import alpaca_desk
from tests.standins.alpaca.rig import alpaca_here
from tools.alpaca_api import AlpacaSettings
from tools.brokers._alpaca_stream import listen
from workers.watch import start_streams

PATIENCE = 10.0


class Hints:
    """Collects hints, and lets the test wait for one."""

    def __init__(self) -> None:
        self.told = []
        self._came = threading.Condition()

    def __call__(self, word: str) -> None:
        with self._came:
            self.told.append(word)
            self._came.notify_all()

    def wait_for(self, word: str, times: int = 1) -> bool:
        with self._came:
            return self._came.wait_for(lambda: self.told.count(word) >= times, PATIENCE)


@pytest.fixture
def stop():
    event = threading.Event()
    yield event
    event.set()


def test_a_connection_and_every_event_are_hints(monkeypatch, stop):
    hints = Hints()
    with alpaca_here(monkeypatch) as alpaca:
        threading.Thread(target=listen, args=(AlpacaSettings.read(), hints, stop), daemon=True).start()
        assert hints.wait_for("connected")

        alpaca.place_by_hand("KO", "buy", 1)

        assert hints.wait_for("fill")
        stop.set()


def test_a_lost_connection_comes_back_with_a_hint(monkeypatch, stop):
    hints = Hints()
    with alpaca_here(monkeypatch) as alpaca:
        threading.Thread(target=listen, args=(AlpacaSettings.read(), hints, stop), daemon=True).start()
        assert hints.wait_for("connected")

        alpaca.stream.disconnect()

        assert hints.wait_for("connected", times=2)
        stop.set()


def test_only_brokers_with_a_stream_are_listened_to(monkeypatch, tmp_path, stop):
    hints = Hints()
    with alpaca_desk(monkeypatch, tmp_path / "home") as desk:
        desks = Desks({"with": desk.desk, "without": Simulated()})
        started = start_streams(desks, hints, stop)

        assert [thread.name for thread in started] == ["stream with"]
        assert hints.wait_for("with")
        stop.set()


def test_orders_are_followed_between_full_looks(monkeypatch, tmp_path):
    from graph import execution

    with alpaca_desk(monkeypatch, tmp_path / "home") as desk:
        desk.alpaca.go_wrong("partial", parts=2)
        record = desk.buy_aapl()
        desk.alpaca.set_now(desk.alpaca.account.now.replace(second=30))

        left = execution.follow(desk.ctx)

        assert left == 0
        assert desk.state(record) is IntentState.DONE


class Simulated:
    """A desk whose broker has no stream."""

    class ctx:  # noqa: N801 - an attribute of a desk
        broker = object()


class Desks:
    """Hands out desks by name."""

    def __init__(self, named):
        self._named = named
        self.portfolios = tuple(named)

    def of(self, portfolio):
        return self._named[portfolio]
