"""Fixtures' parts: a stand-in whose address is in the environment, with limits of requests forgotten."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.standins.alpaca import AlpacaStandIn
from tools.alpaca_api import AlpacaApi
from tools.clock import SystemClock
from tools.exchange import Exchange


@contextmanager
def alpaca_here(monkeypatch: Any, **options: Any) -> Iterator[AlpacaStandIn]:
    """Start a stand-in and lead every adapter to it."""
    with AlpacaStandIn(**options) as standin:
        for name, value in {**standin.environment, "ALPACA_READ_SECONDS": "8"}.items():
            monkeypatch.setenv(name, value)
        AlpacaApi._quotas.clear()
        yield standin


def hurry(broker: Any, method: str = "POST") -> None:
    """Wait half a second only for answers to one kind of request; for all others as long as a busy machine takes."""
    session = broker._api.client._session
    patient = session.request

    def request(verb: str, url: str, **options: Any) -> Any:
        return patient(verb, url, **options, **({"timeout": (3.05, 0.5)} if verb == method else {}))

    session.request = request


def clock_of(standin: AlpacaStandIn) -> SystemClock:
    """Follow the stand-in's clock."""
    return SystemClock(Exchange().session_at, lambda: standin.account.now)
