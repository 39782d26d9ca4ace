"""What tests of several rooms share: a real PostgreSQL, one a worker, with a database of its own for each test."""

import os
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, settings

from tests.standins.backends import PostgresBackend, SqliteBackend
from tests.standins.postgres import CannotStart, started

BACKENDS = ("sqlite", "postgres")
SLOW = [HealthCheck.too_slow]


def pytest_configure(config):
    """`make test` draws the same examples every time, the soak draws new ones; the machine's speed decides nothing."""
    settings.register_profile("test", deadline=None, derandomize=True, suppress_health_check=SLOW)
    settings.register_profile("soak", deadline=None, suppress_health_check=SLOW)
    long = config.option.markexpr == "soak" or "PM_TEST_EXAMPLES" in os.environ
    settings.load_profile("soak" if long else "test")


@pytest.fixture(scope="session")
def postgres():
    """A cluster; where none can be had the test is skipped with the reason, and under CI it fails."""
    with ExitStack() as stack:
        try:
            cluster = stack.enter_context(started())
        except CannotStart as error:
            if os.environ.get("CI") == "true":
                pytest.fail(f"no PostgreSQL: {error}")
            pytest.skip(f"no PostgreSQL: {error}")
        yield cluster


@pytest.fixture(scope="session")
def blank_database(postgres):
    """A PostgreSQL database with an empty ledger in it, to be copied."""
    name = postgres.create()
    PostgresBackend(postgres, name).open().close()
    return name


@pytest.fixture(scope="session")
def blank_file(tmp_path_factory):
    """A SQLite file with an empty ledger in it, to be copied."""
    home = tmp_path_factory.mktemp("blank")
    SqliteBackend(home).open().close()
    return home / "ledger.sqlite"


@pytest.fixture(params=BACKENDS)
def backend(request, tmp_path):
    """A database with an empty ledger, of each kind in turn."""
    if request.param == "sqlite":
        yield SqliteBackend(tmp_path, request.getfixturevalue("blank_file"))
        return
    cluster = request.getfixturevalue("postgres")
    name = cluster.create(request.getfixturevalue("blank_database"))
    yield PostgresBackend(cluster, name)
    cluster.drop(name)


@pytest.fixture
def sqlite_backend(tmp_path, blank_file):
    """A SQLite file with an empty ledger."""
    return SqliteBackend(tmp_path, blank_file)
