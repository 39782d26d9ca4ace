"""Hostile and random proposals through the real gate and ledger: no hard limit is passed, by an independent count.

`python -m tests.hostile` does the same with 100,000.
"""

import pytest

from tests.hostile.__main__ import EACH, lay_siege
from tests.hostile.siege import Siege, besiege
from tests.standins.backends import SqliteBackend

DESKS_IN_TEST = 8
ALWAYS_MET = ("max_position_weight", "max_order_notional", "volatility_limit", "max_sector_weight", "cash_buffer")
MUTANTS = {
    "max_position_weight": ("JNJ",),
    "max_sector_weight": ("JNJ", "LLY", "MRK", "PFE", "UNH"),
    "order_quantity": (),
    "duplicate_proposal": (),
}
MUTANTS_IN_SOAK = {
    "price_collar": (),
    "kill_switch": (),
    "min_order": (),
    "trade_risk": ("AMD", "RRC"),
    "volatility_limit": ("AMD", "RRC", "BBY"),
    "restricted_list": (),
    "options_risk": (),
    "cited_evidence": (),
}


@pytest.mark.timeout(900)
def test_two_thousand_hostile_proposals_pass_no_hard_limit():
    total = Siege()
    for seed in range(DESKS_IN_TEST):
        total.add(lay_siege(seed))

    assert total.violations == []
    assert total.proposals >= DESKS_IN_TEST * EACH
    assert total.counted["entries"] > 200
    assert total.counted["exits"] > 50
    assert total.refused_texts > 20
    assert all(total.counted[rule] for rule in ALWAYS_MET)


def test_hostile_proposals_pass_no_hard_limit_on_postgres(tmp_path, backend):
    if not backend.is_postgres:
        pytest.skip("the siege above is on SQLite")

    result = besiege(tmp_path, lambda _: backend, 1_000, 100, database=backend.address)

    assert result.violations == []
    assert result.counted["entries"] > 0


@pytest.mark.parametrize("rule", MUTANTS)
def test_an_engine_that_forgets_a_rule_is_caught(tmp_path, rule):
    assert rule in caught(tmp_path, (rule,), MUTANTS[rule])


@pytest.mark.soak
def test_an_engine_that_forgets_a_cap_and_the_one_behind_it_is_caught(tmp_path):
    # Alone it can't be passed: what one session buys of a symbol is position weight too.
    assert "max_order_notional" in caught(tmp_path, ("max_order_notional", "max_position_weight"), ("JNJ", "PG"))


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("rule", MUTANTS_IN_SOAK)
def test_an_engine_that_forgets_one_of_the_other_rules_is_caught(tmp_path, rule):
    assert rule in caught(tmp_path, (rule,), MUTANTS_IN_SOAK[rule])


def caught(home, rules: tuple[str, ...], focus: tuple[str, ...]) -> set[str]:
    """Lay siege with the rules forgotten until the checker finds something; tell which limits it says were passed."""
    found = set()
    for seed in range(12):
        result = besiege(home / str(seed), SqliteBackend, seed, EACH, without=rules, focus=focus, until_violation=True)
        found |= {violation.rule for violation in result.violations}
        if rules[0] in found:
            break
    return found
