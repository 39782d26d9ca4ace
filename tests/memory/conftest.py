"""A fresh ledger, and a desk on it."""

import shutil

import pytest

from memory.ledger.store import SqlLedger
from tests.memory.fakes import Desk, FakeClock


@pytest.fixture(scope="session")
def blank(tmp_path_factory):
    """A ledger with nothing in it, migrated once and copied for each test."""
    home = tmp_path_factory.mktemp("blank")
    SqlLedger.open(home, FakeClock()).close()
    return home / "ledger.sqlite"


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def ledger(tmp_path, clock, blank):
    shutil.copy(blank, tmp_path / "ledger.sqlite")
    opened = SqlLedger.open(tmp_path, clock)
    yield opened
    opened.close()


@pytest.fixture
def desk(ledger, clock):
    return Desk(ledger, clock)
