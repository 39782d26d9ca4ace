"""A fresh ledger on each of the two databases, and a desk on it."""

import pytest

from tests.memory.fakes import Desk, FakeClock


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def ledger(backend, clock):
    opened = backend.open(clock)
    yield opened
    opened.close()


@pytest.fixture
def desk(ledger, clock):
    return Desk(ledger, clock)
