import pytest
from pydantic import ValidationError

from domain.errors import BadInput
from domain.verdict import Outcome
from risk_engine.rule import TOLERANCE, outcome_above, outcome_below, stricter
from risk_engine.rules.max_leverage import MaxLeverage


@pytest.mark.parametrize(
    ("observed", "soft", "hard", "outcome"),
    [
        (0.5 + TOLERANCE, 0.25, 0.5, Outcome.SOFT),
        (0.5 + 3 * TOLERANCE, 0.25, 0.5, Outcome.HARD),
        (0.25 + TOLERANCE, 0.25, 0.5, Outcome.ALERT),
        (0.25 + 3 * TOLERANCE, 0.25, 0.5, Outcome.SOFT),
        (0.7 * 0.25 - TOLERANCE, 0.25, 0.5, Outcome.ALERT),
        (0.7 * 0.25 - 3 * TOLERANCE, 0.25, 0.5, Outcome.PASS),
        (0.0, 0.0, 0.5, Outcome.PASS),  # nothing is no use of a limit of nothing
    ],
)
def test_rounding_may_add_a_billionth_to_what_must_not_rise(observed, soft, hard, outcome):
    assert outcome_below(observed, soft, hard) is outcome


@pytest.mark.parametrize(
    ("observed", "soft", "hard", "outcome"),
    [
        (0.25 - TOLERANCE, 0.5, 0.25, Outcome.SOFT),
        (0.25 - 3 * TOLERANCE, 0.5, 0.25, Outcome.HARD),
        (0.5 - TOLERANCE, 0.5, 0.25, Outcome.ALERT),
        (0.5 - 3 * TOLERANCE, 0.5, 0.25, Outcome.SOFT),
        (TOLERANCE / 0.7, 0.0, 0.0, Outcome.ALERT),
        (3 * TOLERANCE, 0.0, 0.0, Outcome.PASS),
    ],
)
def test_rounding_may_take_a_billionth_from_what_must_not_fall(observed, soft, hard, outcome):
    assert outcome_above(observed, soft, hard) is outcome


@pytest.mark.parametrize("judge", [outcome_below, outcome_above])
@pytest.mark.parametrize("observed", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_not_judged(judge, observed):
    with pytest.raises(BadInput):
        judge(observed, 0.5, 0.5)


def test_the_later_outcome_is_the_stricter_and_none_is_stricter_than_itself():
    assert stricter(Outcome.HARD, Outcome.SOFT)
    assert not stricter(Outcome.SOFT, Outcome.HARD)
    assert not stricter(Outcome.SOFT, Outcome.SOFT)


@pytest.mark.parametrize("limits", [{"soft": 1.0, "hard": float("inf")}, {"soft": "1", "hard": 2.0}])
def test_a_limit_is_a_finite_number(limits):
    with pytest.raises(ValidationError):
        MaxLeverage.model_validate(limits)


def test_a_rule_s_limits_do_not_change():
    rule = MaxLeverage(soft=1.0, hard=1.2)

    with pytest.raises(ValidationError):
        rule.soft = 9.0
