"""Each planted bug is found; where it was first found is written down, so that the search is short."""

import pytest

from workers.simulation.campaign import run_campaign
from workers.simulation.mutants import MUTANTS
from workers.simulation.seed import run_seed

FIRST = {
    "random-id": (2, "I2"),
    "post-before-intent": (2, "I2"),
    "timeout-is-rejection": (6, "I10"),
    "no-cas": (3, "I3"),
    "no-expiry": (3, "I3"),
    "no-user-check": (5, "I3"),
    "no-recheck": (18, "I3"),
    "fills-twice": (5, "I5"),
    "slot-not-unique": (1, "I8"),
    "kill-not-checked": (57, "I4"),
    "not-found-is-rejected": (11, "I10"),
    "late-order-not-adopted": (17, "I10"),
    "quarantine-released-early": (17, "I10"),
}
"""The first seed that found the bug, and by which promise."""
MOST = 500


def test_every_planted_bug_has_its_test():
    assert set(FIRST) == set(MUTANTS)
    assert len(FIRST) == 13


@pytest.mark.parametrize("name", sorted(FIRST))
def test_a_planted_bug_is_found(name):
    first, _ = FIRST[name]

    done = run_campaign(range(first, MOST + 1), mutant=name, keep_going=False)

    assert done.failed, f"{name} survived {MOST} seeds"
    assert done.failed[0].violations


@pytest.mark.soak
@pytest.mark.timeout(4 * 3600)
@pytest.mark.parametrize("name", sorted(FIRST))
def test_a_planted_bug_is_found_within_five_hundred_seeds(name):
    done = run_campaign(range(1, MOST + 1), mutant=name, keep_going=False)

    assert done.failed, f"{name} survived {MOST} seeds"


def test_a_bug_is_gone_once_it_is_taken_out():
    before = run_seed(3).trace_hash
    run_campaign([3], mutant="no-cas")

    assert run_seed(3).trace_hash == before
