"""Real faults, full figures: nothing lost, nothing doubled, book and broker equal, and calm soon after."""

import sys

import pytest

from tests.chaos.__main__ import DURABLE
from tests.chaos.storm import Storm, Weather
from tests.standins.postgres import started
from tests.standins.redis import started_redis


@pytest.mark.soak
@pytest.mark.process
@pytest.mark.timeout(5400)
def test_a_thousand_proposals_survive_two_hundred_kills_fifty_flushes_and_fifty_restarts(tmp_path, monkeypatch):
    for name in ("PM_HOME", "PM_CACHE", "PM_DATABASE_URL", "PM_REDIS_URL", "PM_PORTFOLIOS", "PM_REPLAY_UNTIL"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("PM_TICK_SECONDS", "1")
    with started(**DURABLE) as postgres, started_redis() as redis:
        found = Storm(Weather(), tmp_path, postgres, redis).run()

    sys.stdout.write(f"{found}\n")
    assert found.clean, str(found)
