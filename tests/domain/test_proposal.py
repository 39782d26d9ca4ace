import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import BadProposal
from domain.proposal import Action, parse_proposal, parse_proposals

OWNERS = {
    "symbol": "AAPL",
    "action": "BUY",
    "position_size_pct": 0.06,
    "reason": "Earnings momentum and improving margins",
    "confidence": 0.72,
    "risk_level": "medium",
    "expected_upside_pct": 4.5,
    "worst_case_loss_pct": 2.3,
    "time_horizon_days": 14,
}


def changed(**fields):
    return {**OWNERS, **fields}


def test_the_owners_example_is_read_to_the_letter():
    proposal = parse_proposal(OWNERS)

    assert proposal.action is Action.BUY
    assert proposal.model_dump(mode="json", exclude_defaults=True) == OWNERS


def test_one_proposal_and_a_list_of_one_are_the_same():
    assert parse_proposals(json.dumps(OWNERS)) == parse_proposals(json.dumps([OWNERS]))


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"surprise": 1}, "surprise"),
        ({"position_size_pct": 1.2}, "position_size_pct"),
        ({"position_size_pct": 1e18}, "position_size_pct"),
        ({"position_size_pct": 0}, "position_size_pct"),
        ({"position_size_pct": -0.1}, "position_size_pct"),
        ({"position_size_pct": "0.06"}, "position_size_pct"),
        ({"position_size_pct": True}, "position_size_pct"),
        ({"confidence": 1.01}, "confidence"),
        ({"risk_level": "Medium"}, "risk_level"),
        ({"action": "buy"}, "action"),
        ({"expected_upside_pct": 1001}, "expected_upside_pct"),
        ({"worst_case_loss_pct": 101}, "worst_case_loss_pct"),
        ({"time_horizon_days": 0}, "time_horizon_days"),
        ({"time_horizon_days": 366}, "time_horizon_days"),
        ({"time_horizon_days": 2.5}, "time_horizon_days"),
        ({"symbol": "aapl"}, "symbol"),
        ({"symbol": "AAPL; DROP TABLE"}, "symbol"),
        ({"reason": ""}, "reason"),
        ({"action": "HOLD"}, "HOLD"),
        ({"order_type": "limit"}, "limit_price"),
        ({"order_type": "bracket", "stop_price": 10}, "take_profit_price"),
    ],
)
def test_a_field_out_of_order_is_refused_by_name(fields, named):
    with pytest.raises(BadProposal, match=named):
        parse_proposal(changed(**fields))


@pytest.mark.parametrize("missing", sorted(OWNERS))
def test_every_field_of_the_owners_is_required(missing):
    raw = {key: value for key, value in OWNERS.items() if key != missing}

    with pytest.raises(BadProposal, match=missing):
        parse_proposal(raw)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("   \n", "empty"),
        ("[]", "list is empty"),
        ('{"symbol": "AAPL", "act', "not valid JSON"),
        ("[NaN]", "NaN"),
        (json.dumps(OWNERS).replace("0.06", "Infinity"), "Infinity"),
        (json.dumps(OWNERS).replace("0.06", "-Infinity"), "-Infinity"),
        (json.dumps(OWNERS).replace("0.06", "1e999"), "position_size_pct"),
        ('{"symbol": "AAPL", "symbol": "MSFT"}', "twice"),
        ("42", "JSON object"),
        ("[" * 100_000, "nested"),
    ],
)
def test_a_text_that_is_no_proposal_says_why(text, said):
    with pytest.raises(BadProposal, match=said):
        parse_proposals(text)


def test_one_bad_member_refuses_the_whole_file_and_says_which():
    with pytest.raises(BadProposal, match="proposal 2 of 2: confidence"):
        parse_proposals(json.dumps([OWNERS, changed(confidence=2)]))


def test_what_was_proposed_decides_the_payload_hash():
    one, same, other = parse_proposal(OWNERS), parse_proposal(dict(OWNERS)), parse_proposal(changed(confidence=0.7))

    assert one.payload_hash == same.payload_hash
    assert one.payload_hash != other.payload_hash


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*OWNERS, "x"]), inner, max_size=9),
    max_leaves=12,
)


@given(JUNK)
def test_junk_is_refused_or_is_a_proposal_and_never_crashes(raw):
    try:
        proposal = parse_proposal(raw)
    except BadProposal:
        return
    assert 0 <= proposal.position_size_pct <= 1


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"reason": "a\x00b"}, "reason"),
        ({"evidence": ["\x00"]}, "evidence"),
        ({"take_profit_price": 1e300}, "take_profit_price"),
        ({"stop_price": 2e9}, "stop_price"),
        ({"limit_price": 2e9, "order_type": "limit"}, "limit_price"),
    ],
)
def test_what_no_database_can_hold_is_refused_before_it_gets_there(fields, named):
    with pytest.raises(BadProposal, match=named):
        parse_proposal(changed(**fields))
