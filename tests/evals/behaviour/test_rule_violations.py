import pytest

from evals.behaviour import BEHAVIOUR
from evals.finding import Level
from evals.history import History
from tests.evals.builders import judged

rule_violations = BEHAVIOUR["rule_violations"]


def asking(wrong, n=100, traded=False):
    made = [
        judged(f"W{i}", 0.0, refused_by=("max_sector_weight",), decision="reject", outcome={"traded": traded})
        for i in range(wrong)
    ]
    return History(judged=(*made, *(judged(f"R{i}", 0.0) for i in range(n - wrong))))


@pytest.mark.parametrize(("wrong", "level"), [(5, Level.FINE), (30, Level.WATCH), (60, Level.WARNING)])
def test_the_share_and_the_rule_are_found(wrong, level):
    finding = rule_violations(asking(wrong))

    assert (finding.value, finding.level) == (wrong / 100, level)
    assert finding.parts["rule.max_sector_weight"] == wrong
    assert finding.parts["executed"] == 0
    assert finding.parts["executed_bound"] == pytest.approx(0.03)


def test_a_single_one_that_traded_is_a_warning():
    finding = rule_violations(asking(1, traded=True))

    assert (finding.level, finding.parts["executed"]) == (Level.WARNING, 1)
