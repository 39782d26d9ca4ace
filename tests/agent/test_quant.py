"""The deterministic baseline."""

import pytest

from agent.analysts import ANALYSTS
from agent.analysts.quant import QuantAnalyst
from agent.baseline_sizes import FEW
from domain.proposal import Action
from domain.research import Desk, ProposalQuestion, Proposals, Question, Thesis, ThesisQuestion
from domain.scan import Scan
from tests.agent.examples import SHORTLIST, build_desk, build_scan, held, signal

ANALYST = QuantAnalyst()


def theses_of(scan: Scan, desk: Desk) -> tuple[Thesis, ...]:
    note = ANALYST.research(Question(scan=scan, desk=desk)).value
    answers = [
        ANALYST.thesis(ThesisQuestion(scan=scan, desk=desk, symbol=symbol, note=note)) for symbol in scan.shortlist
    ]
    return tuple(answer.value for answer in answers if answer.value)


def propose(scan: Scan, desk: Desk) -> Proposals:
    note = ANALYST.research(Question(scan=scan, desk=desk)).value
    question = ProposalQuestion(scan=scan, desk=desk, note=note, theses=theses_of(scan, desk))
    return ANALYST.propose(question).value


def thesis_on(symbol: str, scan: Scan) -> Thesis:
    return next(thesis for thesis in theses_of(scan, build_desk()) if thesis.symbol == symbol)


def with_signal(scan: Scan, symbol: str, **changes: object) -> Scan:
    old = scan.signal_of(symbol)
    new = signal(symbol, old.score, old.rank, **changes)
    return scan.model_copy(update={"signals": tuple(new if one is old else one for one in scan.signals)})


def test_the_registry_knows_both_analysts_without_loading_a_model_library():
    assert ANALYSTS.names() == ("openai", "quant")
    assert ANALYSTS["quant"] is QuantAnalyst


def test_it_calls_itself_a_baseline_wherever_it_speaks():
    scan, desk = build_scan(), build_desk()

    note = ANALYST.research(Question(scan=scan, desk=desk)).value

    assert note.summary.startswith("Deterministic baseline, no model:")
    assert all(found.reason.startswith("Baseline") for found in propose(scan, desk).accepted)
    assert ANALYST.baseline


def test_the_same_question_has_the_same_answer():
    first, second = propose(build_scan(), build_desk()), propose(build_scan(), build_desk())

    assert first == second
    assert theses_of(build_scan(), build_desk()) == theses_of(build_scan(), build_desk())


def test_every_argument_cites_at_least_two_facts_of_the_scan_and_uses_their_words():
    scan = build_scan()
    texts = {item.id: item.text for item in scan.facts}

    for thesis in theses_of(scan, build_desk()):
        assert len(thesis.evidence) >= 2
        spoken = (thesis.bull_case + thesis.bear_case).lower()
        assert all(texts[name].lower() in spoken for name in thesis.evidence if not name.endswith(".hit_rate"))


def test_a_symbol_with_few_facts_borrows_from_the_market():
    scan = build_scan()
    scan = scan.model_copy(update={"facts": tuple(f for f in scan.facts if f.id.startswith("MARKET."))})

    assert thesis_on("AAPL", scan).evidence == ("MARKET.volatility_20", "MARKET.mean_correlation_60")


def test_numbers_are_in_the_units_of_the_owner():
    """Volatility 22 %, 63 sessions: 0.22 x sqrt(63/252) x sqrt(2/pi) x 100 = 8.78 per cent."""
    thesis = thesis_on("AAPL", build_scan())

    assert thesis.expected_upside_pct == pytest.approx(8.78)
    assert thesis.worst_case_loss_pct == pytest.approx(2.25)  # 2.5 x 0.9 %
    assert thesis.time_horizon_days == 89  # 63 x 7/5 = 88.2
    assert thesis.confidence == 0.55


def test_the_expected_upside_does_not_grow_with_the_score():
    """The mean gain of those that rise is a matter of volatility: 0.8 x sqrt(63/252) x sqrt(2/pi) x 100 = 31.92."""
    for score in (0.2, 3.9):
        scan = with_signal(build_scan(AAPL=score), "AAPL", volatility=0.8)

        assert thesis_on("AAPL", scan).expected_upside_pct == pytest.approx(31.92)


def test_a_worst_case_is_never_less_than_one_per_cent():
    assert thesis_on("AAPL", with_signal(build_scan(), "AAPL", mean_abs_move=0.001)).worst_case_loss_pct == 1.0


def test_without_a_record_confidence_is_a_coin_toss_and_says_so():
    thesis = thesis_on("AAPL", with_signal(build_scan(), "AAPL", hit_rate=None, cases=12))

    assert thesis.confidence == 0.5
    assert "too few to count" in thesis.bull_case


@pytest.mark.parametrize(("score", "stance"), [(1.0, "bullish"), (0.0, "neutral"), (-0.5, "bearish")])
def test_the_stance_follows_score_and_rank(score, stance):
    assert thesis_on("HD", build_scan(HD=score)).stance == stance


def test_a_bearish_confidence_is_still_the_odds_of_a_higher_price():
    assert thesis_on("GE", build_scan()).stance == "bearish"
    assert thesis_on("GE", build_scan()).confidence == 0.55


def test_a_symbol_without_a_signal_has_no_thesis_and_a_reason():
    desk, scan = build_desk(), build_scan()
    note = ANALYST.research(Question(scan=scan, desk=desk)).value

    answer = ANALYST.thesis(ThesisQuestion(scan=scan, desk=desk, symbol="TSLA", note=note))

    assert answer.value is None
    assert "TSLA" in answer.problem


def test_what_is_bullish_and_not_held_is_bought_at_the_target():
    found = propose(build_scan(), build_desk())

    assert [(one.symbol, one.action, one.position_size_pct) for one in found.accepted] == [
        (symbol, Action.BUY, 0.06) for symbol in ("AAPL", "HD", "UNH", "KO")
    ]


def test_below_a_coin_toss_only_the_strongest_few_are_bought():
    scan = build_scan()
    for symbol in ("HD", "UNH"):
        scan = with_signal(scan, symbol, hit_rate=0.49)

    answer = propose(scan, build_desk())

    assert (scan.signal_of("HD").rank, scan.signal_of("UNH").rank) == (FEW, FEW + 1)
    assert {found.symbol for found in answer.accepted if found.action is Action.BUY} == {"AAPL", "HD", "KO"}
    assert answer.undecided["UNH"] == "49% of like cases rose: below a coin toss only the 2 strongest are bought"


def test_of_what_is_wild_only_the_strongest_few_are_bought():
    scan = build_scan()
    for symbol in ("HD", "UNH"):
        scan = with_signal(scan, symbol, volatility=0.60)

    answer = propose(scan, build_desk())

    assert {found.symbol for found in answer.accepted if found.action is Action.BUY} == {"AAPL", "HD", "KO"}
    assert answer.undecided["UNH"].startswith("volatility 60% a year")


def test_a_weak_record_does_not_sell_what_is_held():
    scan = with_signal(build_scan(), "UNH", hit_rate=0.40)

    answer = propose(scan, build_desk(held("UNH", 0.02)))

    assert [found.action for found in answer.accepted if found.symbol == "UNH"] == [Action.HOLD]


def test_size_shrinks_with_volatility():
    """0.06 x 0.25 / 0.40 = 0.0375."""
    found = propose(with_signal(build_scan(), "AAPL", volatility=0.40), build_desk())

    assert found.accepted[0].position_size_pct == 0.0375


@pytest.mark.parametrize(("volatility", "level"), [(0.2, "low"), (0.3, "medium"), (0.59, "medium"), (0.6, "high")])
def test_only_very_volatile_symbols_are_high_risk(volatility, level):
    found = propose(with_signal(build_scan(), "AAPL", volatility=volatility), build_desk())

    assert found.accepted[0].risk_level == level


def test_what_is_held_and_bearish_is_sold_whole():
    found = propose(build_scan(), build_desk(held("GE", 0.0512)))

    sale = next(one for one in found.accepted if one.symbol == "GE")
    assert (sale.action, sale.position_size_pct) == (Action.SELL, 0.0512)


def test_what_is_held_and_neutral_is_kept():
    found = propose(build_scan(HD=0.0), build_desk(held("HD", 0.05)))

    kept = next(one for one in found.accepted if one.symbol == "HD")
    assert (kept.action, kept.position_size_pct) == (Action.HOLD, 0.0)


def test_a_small_holding_is_filled_up_to_the_target_and_a_large_one_kept():
    found = propose(build_scan(), build_desk(held("AAPL", 0.02), held("HD", 0.05)))

    by_symbol = {one.symbol: one for one in found.accepted}
    assert (by_symbol["AAPL"].action, by_symbol["AAPL"].position_size_pct) == (Action.BUY, 0.04)
    assert by_symbol["HD"].action is Action.HOLD


def test_buys_share_the_cash_in_rank_order_and_the_last_one_says_no_room():
    found = propose(build_scan(), build_desk(cash=0.1205))

    assert [one.position_size_pct for one in found.accepted] == [0.06, 0.06]
    assert found.undecided["UNH"].startswith("no room: 0.05%")


def test_a_full_sector_leaves_the_others_alone():
    found = propose(build_scan(), build_desk(technology=0.0))

    assert "no room" in found.undecided["AAPL"]
    assert [one.symbol for one in found.accepted] == ["HD", "UNH", "KO"]


def test_what_waits_already_is_skipped_with_the_reason():
    found = propose(build_scan(), build_desk(waiting=("HD",)))

    assert "waiting" in found.undecided["HD"]


def test_every_symbol_with_a_thesis_is_accounted_for():
    found = propose(build_scan(UNH=-1.0, KO=0.0), build_desk(waiting=("HD",)))

    assert {one.symbol for one in found.accepted} | set(found.undecided) == set(SHORTLIST)


def test_proposals_carry_the_evidence_of_their_thesis():
    scan, desk = build_scan(), build_desk()
    theses = {thesis.symbol: thesis for thesis in theses_of(scan, desk)}

    assert all(one.evidence == theses[one.symbol].evidence for one in propose(scan, desk).accepted)
