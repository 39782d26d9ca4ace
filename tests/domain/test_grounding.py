"""Whether what a text states stands in the data."""

import pytest

from domain.grounding import ground_of, ungrounded, ungrounded_reason
from domain.proposal import TradeProposal
from domain.research import Thesis
from tests.agent.examples import build_desk, build_scan, held

GROUNDED = [
    "21-session return of +4.2 % and 55 % of 3,120 cases",
    "It returned 4.2% in 21 sessions; a hit rate of 0.55.",
    "volatility of 22 percent, that is 2200 bps",
    "about 3.1k past cases",
    "last close 153.9 dollars, or roughly $154",
    "rank 3 of 20 by 12-1 momentum, 3.1 % below its 252-session high",
    "as of 2017-05-26, facts of 2017-05-25",
    "KO Incorporated of the S&P 500 in Q3; 63 sessions; 70 % breadth",
    "KO.return_21 (+4.2 %) against MARKET.return_21 = 1.4 %",
    "held with 3.1 % of equity, up 2 %",
    "nothing in figures",
]
INVENTED = [
    ("earnings grew 42 %", ("42 %",)),
    ("42.70 percent", ("42.70 percent",)),
    ("sales of $1.5bn", ("1.5bn",)),
    ("a target of 210.5 dollars", ("210.5",)),
    ("\uff14\uff12\uff05 up", ("42%",)),
    ("x42% more", ("x42%",)),
    ("return_21 was -4.2 %", ("-4.2 %",)),
    ("on 2017-06-01 it will rise", ("2017-06-01",)),
    ("KO.crystal_ball and ZZZZ.return_5", ("KO.crystal_ball", "ZZZZ.return_5")),
    ("4.25 % in 21 sessions", ("4.25 %",)),
    ("volatility 22.4 %", ("22.4 %",)),
    ("550 bps of slippage", ("550 bps",)),
]


def ground():
    return ground_of(build_scan(), build_desk(held("KO", 0.031)), "KO")


def a_thesis(**fields):
    given = {
        "symbol": "KO", "bull_case": "up", "bear_case": "down", "stance": "bullish", "confidence": 0.61,
        "expected_upside_pct": 6.5, "worst_case_loss_pct": 3.5, "time_horizon_days": 44, "invalidation": "it falls",
        "evidence": ("KO.return_21",),
    }  # fmt: skip
    return Thesis.model_validate(given | fields)


def a_proposal(reason, **fields):
    given = {
        "symbol": "KO", "action": "BUY", "position_size_pct": 0.037, "reason": reason, "confidence": 0.61,
        "risk_level": "low", "expected_upside_pct": 6.5, "worst_case_loss_pct": 3.5, "time_horizon_days": 44,
    }  # fmt: skip
    return TradeProposal.model_validate(given | fields)


@pytest.mark.parametrize("text", GROUNDED)
def test_numbers_of_the_data_are_found_within_their_rounding(text):
    assert ground().missing(text) == ()


@pytest.mark.parametrize(("text", "missing"), INVENTED)
def test_numbers_days_and_ids_that_stand_nowhere_are_listed_as_written(text, missing):
    assert ground().missing(text) == missing


def test_a_thesis_may_repeat_its_own_estimates_and_the_prices_they_mean():
    """153.87 dollars less 3.5 % is 148.48."""
    own = a_thesis(
        bull_case="61 % that it gains 6.5 % within 44 days", invalidation="a close below 148.48, in 39 % of cases"
    )

    assert ungrounded(own, build_scan(), build_desk()) == ()
    assert ungrounded(a_thesis(bear_case="it may lose 9.5 %"), build_scan(), build_desk()) == ("9.5 %",)


def test_evidence_that_does_not_exist_is_listed():
    thesis = a_thesis(evidence=("KO.return_21", "KO.crystal_ball"))

    assert ungrounded(thesis, build_scan(), build_desk()) == ("KO.crystal_ball",)
    assert ungrounded_reason(a_proposal("up", evidence=("X.y",)), thesis, build_scan(), build_desk()) == ("X.y",)


def test_a_reason_may_repeat_the_proposals_numbers_and_no_others():
    scan, desk = build_scan(), build_desk()

    assert ungrounded_reason(a_proposal("3.7 % for 44 days"), None, scan, desk) == ()
    assert ungrounded_reason(a_proposal("93 % sure"), None, scan, desk) == ("93 %",)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("KO.last_close is 200 dollars", True),
        ("KO.return_21 of +9.9 %", True),
        ("KO.return_21: -4.2 %", True),
        ("(KO.last_close 153.9)", False),
        ("KO.return_21 and KO.return_5 agree", False),
        ("KO.drawdown_252 is -3.1 %", False),
    ],
)
def test_a_fact_quoted_with_another_number_contradicts_the_data(text, wrong):
    assert bool(ground().contradictions(text)) == wrong


def test_a_text_full_of_digits_is_read_in_no_time():
    assert len(ground().missing("9" * 600 + " 1,2,3,4," * 60 + "%" * 50)) <= 10


def test_a_number_that_was_rounded_for_the_prompt_may_be_rounded_again():
    """3.84497 is shown as 3.845, which a model writes as 3.85."""
    twice = ground_of(build_scan(KO=3.84497), build_desk(), "KO")

    assert twice.missing("a score of +3.85") == ()
    assert twice.missing("a score of +3.86") == ("+3.86",)
