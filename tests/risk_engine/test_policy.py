from dataclasses import FrozenInstanceError
from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from domain.errors import BadPolicy
from risk_engine import limits
from risk_engine.limits import Tighter
from risk_engine.policy import load_policy
from risk_engine.rules import RULES
from tests.risk_engine.builders import POLICY, a_policy

WEIGHT = "[rules.max_position_weight]\nsoft = 0.08      # resizes: one stock"


def refusal(before, after, **tighten):
    assert before in POLICY
    with pytest.raises(BadPolicy) as caught:
        load_policy(POLICY.replace(before, after, 1), "policy.toml", recorded=True, tighten=tighten)
    assert caught.value.remedy
    return str(caught.value)


def test_every_rule_stands_in_the_file_in_the_order_it_is_shown():
    policy = a_policy()

    assert sorted(rule.name for rule in policy.rules) == list(RULES.names())
    assert [f"[rules.{rule.name}]" for rule in policy.rules] == [
        line.split("  ")[0].strip()
        for line in POLICY.splitlines()
        if (line.startswith("[rules.") and "weights" not in line)
        or line.startswith(("[rules.max_position_weight]", "[rules.max_sector_weight]"))
    ]


def test_every_limit_has_a_direction():
    for rule in RULES.load().values():
        for name, field in rule.model_fields.items():
            assert any(isinstance(mark, Tighter) for mark in field.metadata), f"{rule.name}.{name}"
            assert field.is_required(), f"{rule.name}.{name} has a default in code"


def test_every_limit_has_a_comment():
    table = ""
    for line in POLICY.splitlines():
        table = line if line.startswith("[") else table
        if "=" in line and not line.startswith("#"):
            shared = ("fomc_after", "data_after", "hard_by_sector")  # said on the line before
            assert "#" in line or line.startswith(shared) or ".weights]" in table, line


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (WEIGHT, "[rules.max_position_weight]\nsoft = 'much'", ["max_position_weight", "soft", "much"]),
        (WEIGHT, "[rules.max_position_weight]\nsoft = true", ["soft", "True"]),
        (WEIGHT, "[rules.max_position_weight]\nsoft = nan", ["soft", "nan"]),
        (WEIGHT, "[rules.max_position_weight]\nsoft = inf", ["soft", "inf"]),
        (WEIGHT, "[rules.max_position_weight]\nsoft = -0.1", ["soft", "-0.1"]),
        (WEIGHT, "[rules.max_position_weight]\nsoft = 0.5", ["soft = 0.5", "above hard = 0.12"]),
        (WEIGHT, "[rules.max_position_weight]", ["'soft' is missing"]),
        (WEIGHT, WEIGHT + "\nsotf = 0.1", ["unknown key 'sotf'", "soft"]),
        (WEIGHT, WEIGHT + "\nenabled = 'no'", ["enabled = 'no'", "true or false"]),
        ("[rules.kill_switch]", "[rules.kil_switch]", ["unknown rule 'kil_switch'", "kill_switch"]),
        ("[rules.kill_switch]", "", ["rule 'kill_switch' is missing"]),
        ("[rules.kill_switch]", "[rules.kill_switch", ["not valid TOML"]),
        ("[rules.kill_switch]", "[other]\nx = 1\n[rules.kill_switch]", ["unknown key 'other'"]),
        ("soft = 0.55", "soft = 0.30", ["soft = 0.3", "below hard = 0.35"]),
        ("[unavailable.recorded]", "[unavailable.live]", ["unknown key 'live'"]),
        ('spread = "pass_with_note" ', 'spraed = "pass_with_note" ', ["unknown rule 'spraed'", "spread"]),
        ('spread = "pass_with_note" ', 'spread = "pass" ', ["spread = 'pass'", "pass_with_note"]),
        ("day_soft = 20 ", "day_soft = 20.5 ", ["trade_frequency", "day_soft", "20.5"]),
        ("{ unknown = 0.05 }", "{ unknown = 'x' }", ["max_sector_weight", "soft_by_sector.unknown", "x"]),
        ("[rules.kill_switch]", "[rules]\nkill_switch = 3", ["[rules.kill_switch] is 3", "not a table"]),
    ],
)
def test_a_wrong_policy_is_refused_with_file_key_value_and_remedy(before, after, words):
    message = refusal(before, after)

    assert "policy.toml" in message
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"max_position_weight": {"soft": 0.09}}, ["max_position_weight.soft = 0.09", "0.08", "loosen"]),
        ({"max_position_weight": {"hard": 0.07}}, ["soft = 0.08 is above hard = 0.07"]),
        ({"max_position_weight": {"sotf": 0.07}}, ["unknown key 'sotf'"]),
        ({"max_position_weight": {"soft": "x"}}, ["max_position_weight", "soft", "x"]),
        ({"max_position_weight": {"enabled": False}}, ["enabled", "can't turn a rule off"]),
        ({"max_position_weight": 0.05}, ["max_position_weight", "not a table"]),
        ({"max_weight": {"soft": 0.05}}, ["unknown rule 'max_weight'"]),
        ({"cash_buffer": {"soft": 0.04}}, ["cash_buffer.soft = 0.04", "loosen"]),
        ({"min_confidence": {"soft": 0.5}}, ["min_confidence.soft", "loosen"]),
        ({"short_sales": {"allowed": True}}, ["short_sales.allowed = True", "loosen"]),
        ({"volatility_limit": {"span": 60}}, ["volatility_limit.span = 60", "not at all"]),
        ({"max_sector_weight": {"soft_by_sector": {"unknown": 0.06}}}, ["soft_by_sector.unknown = 0.06", "loosen"]),
        ({"max_sector_weight": {"soft_by_sector": {"energy": 0.06}}}, ["unknown key 'energy'"]),
        ({"max_sector_weight": {"soft_by_sector": 0.06}}, ["soft_by_sector", "not a table"]),
    ],
)
def test_a_mandate_can_only_tighten(limits, words):
    with pytest.raises(BadPolicy) as caught:
        a_policy(**limits)

    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("rule", "values"),
    [
        ("max_position_weight", {"soft": 0.05, "hard": 0.06}),
        ("cash_buffer", {"soft": 0.10}),
        ("trade_frequency", {"day_soft": 5}),
        ("max_sector_weight", {"soft_by_sector": {"unknown": 0.0}, "soft": 0.2}),
        ("short_sales", {"allowed": False}),
        ("volatility_limit", {"span": 20, "soft": 0.5}),
    ],
)
def test_tighter_limits_hold(rule, values):
    found = next(r for r in a_policy(**{rule: values}).rules if r.name == rule)

    assert {key: getattr(found, key) for key in values} == values
    assert a_policy(**{rule: values}).digest == a_policy().digest or any(
        getattr(found, key) != getattr(next(r for r in a_policy().rules if r.name == rule), key) for key in values
    )


def test_a_mandate_can_turn_a_rule_on():
    policy = a_policy(off=("cooldown",), cooldown={"enabled": True})

    assert policy.disabled == frozenset()


def test_a_rule_can_be_turned_off_and_is_named():
    policy = a_policy(off=("cooldown", "turnover"))

    assert policy.disabled == {"cooldown", "turnover"}
    assert "disabled by policy: cooldown, turnover" in policy.assumptions


def test_the_unavailable_table_is_honoured_for_recorded_data_only():
    assert "spread" in a_policy(recorded=True).unavailable
    assert a_policy(recorded=False).unavailable == frozenset()
    assert a_policy(recorded=False).assumptions == ()


def test_the_digest_names_the_effective_content():
    same = a_policy(text=POLICY + "\n# a remark\n")
    others = [a_policy(recorded=False), a_policy(off=("cooldown",)), a_policy(cooldown={"all_after": 2})]

    assert same.digest == a_policy().digest
    assert len({a_policy().digest, *(other.digest for other in others)}) == 4
    assert len(a_policy().digest) == 64


def test_the_breakers_stand_where_the_rules_judge():
    levels = a_policy().breaker_levels()

    assert (levels.drawdown_reducing, levels.drawdown_halted) == (0.15, 0.20)
    assert (levels.daily_reducing, levels.daily_halted) == (0.03, 0.05)
    off = a_policy(off=("drawdown", "daily_loss")).breaker_levels()
    assert set(off.model_dump().values()) == {None}


@pytest.mark.parametrize(
    ("kind", "fine", "bad"),
    [
        (limits.Ceiling, 0.0, -0.001),
        (limits.Floor, 0.0, -0.001),
        (limits.CountCeiling, 0, -1),
        (limits.CountFloor, 0, -1),
        (limits.Budgets, {"energy": 0.0}, {"energy": -0.001}),
        (limits.Weights, {"liquidity": 0.0}, {"liquidity": -0.001}),
        (limits.Estimate, 0.001, 0.0),
        (limits.Window, 1, 0),
    ],
)
def test_every_kind_of_limit_begins_where_it_should(kind, fine, bad):
    assert TypeAdapter(kind).validate_python(fine) == fine
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(bad)


@pytest.mark.parametrize(
    ("direction", "allowed"),
    [
        (Tighter.LOWER, (True, True, False)),
        (Tighter.HIGHER, (False, True, True)),
        (Tighter.FALSE, (True, True, False)),
        (Tighter.FIXED, (False, True, False)),
    ],
)
def test_a_direction_allows_what_is_equal_or_tighter(direction, allowed):
    assert tuple(direction.allows(2.0, after) for after in (1.0, 2.0, 3.0)) == allowed


@pytest.mark.parametrize(
    ("fraction", "words"),
    [
        (0.0912, "9.1 %"),
        (0.0075, "0.75 %"),
        (0.00758, "0.76 %"),
        (0.08, "8 %"),
        (0.01, "1 %"),
        (0.0151, "1.5 %"),
        (-0.0912, "-9.1 %"),
    ],
)
def test_fractions_are_written_for_a_card(fraction, words):
    assert limits.percent(fraction) == words


def test_moments_are_written_for_a_card():
    assert limits.moment(datetime(2016, 3, 1, 14, 30, tzinfo=UTC)) == "2016-03-01 14:30 UTC"


def test_a_policy_never_changes():
    with pytest.raises(FrozenInstanceError):
        a_policy().recorded = False


@pytest.mark.parametrize(("rule", "both"), [("max_position_weight", 0.08), ("min_confidence", 0.55)])
def test_soft_and_hard_may_be_the_same(rule, both):
    rules = {found.name: found for found in a_policy(**{rule: {"soft": both, "hard": both}}).rules}

    assert (rules[rule].soft, rules[rule].hard) == (both, both)


def test_of_several_mistakes_the_first_is_named():
    wrong = WEIGHT.replace("0.08 ", "'much' ") + "\netf_soft = 'more'"
    text = POLICY.replace(WEIGHT, wrong, 1).replace("etf_soft = 0.20", "", 1)

    with pytest.raises(BadPolicy, match="much"):
        load_policy(text, "policy.toml", recorded=True)


def test_a_wrong_value_is_named_before_a_key_that_is_not_known():
    assert "much" in refusal(WEIGHT, WEIGHT.replace("0.08 ", "'much' ") + "\nsotf = 0.1")


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("position_volatility = 0.04", "position_volatility = inf", ["position_volatility", "inf"]),
        ("span = 20  ", "span = '20'", ["span", "'20'"]),
        ("span = 20  ", "spam = 20\nspan = 20  ", ["unknown key 'spam'"]),
    ],
)
def test_sizing_is_read_as_strictly_as_a_rule(before, after, words):
    message = refusal(before, after)

    missing = [word for word in ("policy.toml: [sizing]", *words) if word not in message]
    assert missing == []


def test_sizing_never_changes():
    with pytest.raises(ValidationError):
        a_policy().sizing.span = 10


def test_sizing_keeps_to_its_budget_and_to_what_a_stop_may_cost():
    limits_of = a_policy(trade_risk={"soft": 0.004}, sizing={"position_volatility": 0.01}).size_limits()

    assert (limits_of.position_volatility, limits_of.stop_risk, limits_of.close_factor) == (0.01, 0.004, 1.4)


def test_where_the_rule_of_stops_is_off_sizing_knows_no_cost_of_a_stop_and_no_late_one():
    limits_of = a_policy(off=("trade_risk",)).size_limits()

    assert (limits_of.stop_risk, limits_of.close_factor) == (None, 1.0)


def test_a_mandate_may_tighten_the_sizing_budget_and_never_loosen_it():
    with pytest.raises(BadPolicy, match="would loosen"):
        a_policy(sizing={"position_volatility": 0.5})
