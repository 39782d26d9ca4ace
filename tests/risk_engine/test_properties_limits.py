"""What must hold of rules, verdicts and policies, whatever is asked."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.book import ControlState
from domain.errors import BadInput, BadPolicy
from domain.proposal import Origin
from domain.verdict import Decision, Outcome, Phase, RuleResult
from risk_engine.answer import Answering
from risk_engine.line import NOTHING
from risk_engine.reserve import remembered
from risk_engine.rule import STRICTNESS, outcome_above, outcome_below
from tests.risk_engine.builders import (
    a_book,
    a_market,
    a_policy,
    a_reservation,
    a_trade,
    an_engine,
    an_exit,
    an_order,
    judged,
    said,
    with_bars,
)
from tests.risk_engine.examples import EXAMPLES
from tests.risk_engine.test_properties import ENGINE, MARKET, SYMBOLS, batches, books, entries, judge, symbols, units

EVERY_RULE = tuple(rule.name for rule in a_policy().rules)
REFUSALS = {Decision.REJECT, Decision.HALT}
LIVE = an_engine(a_policy(recorded=False))
CONTINUOUS = a_market(continuous=True)
QUOTED = an_engine(a_policy(recorded=False))


class ARule(Answering):
    name = "a_rule"


numbers = st.floats(allow_nan=False, allow_infinity=False)
maybe_numbers = st.none() | numbers
controls = st.sampled_from(tuple(ControlState))


@st.composite
def any_trade(draw, book):
    """An entry, an exit of what is held, or a sale of more than that."""
    symbol = draw(symbols)
    kind = draw(st.sampled_from(("entry", "exit", "flip")))
    if kind == "entry":
        return draw(entries(st.just(symbol)))
    held = book.held(symbol)
    if kind == "exit" and held > 0.0:
        return an_exit(symbol, float(draw(st.integers(1, int(held)))))
    return a_trade(symbol, held + draw(units), side="SELL")


@st.composite
def cases(draw):
    book = draw(books()).model_copy(update={"control": draw(controls)})
    return book, draw(any_trade(book))


@EXAMPLES
@given(cases())
def test_every_rule_is_shown_exactly_once_in_the_policy_s_order(case):
    book, trade = case

    assert tuple(result.rule for result in judge(trade, book).results) == EVERY_RULE


@EXAMPLES
@given(cases())
def test_nobody_ever_gets_more_than_was_asked_and_a_refusal_gets_nothing(case):
    book, trade = case

    verdict = judge(trade, book)

    assert 0.0 <= verdict.quantity <= trade.quantity
    assert (verdict.quantity == 0.0) == (verdict.decision in REFUSALS)


@EXAMPLES
@given(cases())
def test_a_breach_that_rejects_never_comes_out_as_anything_else(case):
    book, trade = case

    verdict = judge(trade, book)

    if any(result.outcome.rejects for result in verdict.results):
        assert verdict.decision in REFUSALS
    if any(result.outcome is Outcome.SOFT for result in verdict.results):
        assert not verdict.decision.goes_on


@EXAMPLES
@given(books(), symbols, units)
def test_an_exit_is_never_resized(book, symbol, size):
    verdict = judge(an_exit(symbol, size), book)

    assert verdict.quantity in {0.0, size}
    assert verdict.decision is not Decision.RESIZE


@EXAMPLES
@given(books(), symbols, units, st.sampled_from((ControlState.ACTIVE, ControlState.REDUCING)))
def test_a_flip_never_passes(book, symbol, beyond, control):
    book = book.model_copy(update={"control": control})
    free = max(book.held(symbol) - book.being_sold(symbol), 0.0)

    for reduces in (True, False):
        flip = a_trade(symbol, free + beyond, side="SELL").model_copy(update={"reduces": reduces})
        verdict = judge(flip, book)

        # half size may cut a sale to what is held, and then it is no flip
        assert verdict.quantity <= free
        assert verdict.decision is Decision.REJECT or (control is ControlState.ACTIVE and not reduces)


@EXAMPLES
@given(cases(), st.sampled_from(tuple(Origin)))
def test_when_halted_only_a_flatten_s_exits_pass(case, origin):
    book, trade = case
    book = book.model_copy(update={"control": ControlState.HALTED})
    trade = trade.model_copy(update={"origin": origin})
    leaves = trade.reduces and trade.quantity <= book.held(trade.symbol) - book.being_sold(trade.symbol)

    decision = judge(trade, book).decision

    assert decision is (Decision.EXECUTE if leaves and origin is Origin.FLATTEN else Decision.HALT)


@EXAMPLES
@given(books(), entries(), st.sampled_from(EVERY_RULE))
def test_a_disabled_rule_is_listed_and_breaches_nothing(book, trade, rule):
    result = said(rule, judge(trade, book, an_engine(a_policy(off=(rule,)))))

    assert result == RuleResult(rule=rule, outcome=Outcome.DISABLED, message="disabled by policy")


@EXAMPLES
@given(cases())
def test_what_a_feed_can_not_know_is_passed_over_on_recorded_data_only(case):
    book, trade = case
    recorded, live = judge(trade, book), judge(trade, book, LIVE)

    noted = {result.rule for result in recorded.results if result.outcome is Outcome.NOTE}
    missing = {result.rule for result in live.results if result.outcome is Outcome.NOT_EVALUATED}
    assert noted <= a_policy().unavailable
    assert noted <= missing or live.quantity != recorded.quantity
    assert not [result for result in live.results if result.outcome is Outcome.NOTE]
    assert live.decision in REFUSALS or not missing


@EXAMPLES
@given(batches(), controls)
def test_judging_is_pure(batch, control):
    trades, book = batch
    book = book.model_copy(update={"control": control})
    inputs = [value.model_dump_json() for value in (*trades, book)]

    first = an_engine().judge(trades, book, MARKET, Phase.FIRST)
    second = ENGINE.judge(trades, book, MARKET, Phase.FIRST)
    third = ENGINE.judge(trades, book, MARKET.model_copy(), Phase.FIRST)

    bytes_of = [{name: verdict.model_dump_json() for name, verdict in said.items()} for said in (first, second, third)]
    assert bytes_of[0] == bytes_of[1] == bytes_of[2]
    assert inputs == [value.model_dump_json() for value in (*trades, book)]


@EXAMPLES
@given(cases())
def test_a_batch_of_one_is_judged_as_the_trade_alone(case):
    book, trade = case

    assert ENGINE.judge([trade], book, MARKET, Phase.FIRST) == {trade.proposal_id: judge(trade, book)}


@EXAMPLES
@given(books(), entries(), st.integers(1, 300))
def test_what_a_rule_lets_through_does_not_depend_on_the_quantity_at_present(book, trade, size):
    market_figures = ENGINE._figures(book, MARKET, (trade,))
    here, there = (ENGINE._situation(book, MARKET, market_figures) for _ in range(2))

    for rule in ENGINE._resizing:
        if rule.name != "short_sales":
            assert rule.allowance(trade, here) == rule.allowance(trade.of(float(size)), there)


@EXAMPLES
@given(books(), st.lists(entries(), min_size=1, max_size=4, unique_by=lambda trade: trade.proposal_id))
def test_what_a_batch_knows_after_a_member_is_what_the_new_book_says(book, trades):
    figures = ENGINE._figures(book, MARKET, trades)
    situation = ENGINE._situation(book, MARKET, figures)
    for number, trade in enumerate(trades):
        known = (situation.gross, situation.sectors, situation.names, situation.book_returns)
        assert known
        # every other member is refused
        book = remembered(book, trade, "hash", trade.quantity * (number % 2), is_exit=False)
        situation = situation.after(book, trade.symbol)

    fresh = ENGINE._situation(book, MARKET, figures)

    assert situation.gross == pytest.approx(fresh.gross)
    for sector in {*situation.sectors, *fresh.sectors}:
        assert situation.sectors.get(sector, 0.0) == pytest.approx(fresh.sectors.get(sector, 0.0), abs=1e-12)
    assert situation.names == fresh.names
    assert {name: line for name, line in situation.lines.items() if line != NOTHING} == dict(fresh.lines)
    assert situation.free_cash == fresh.free_cash
    np.testing.assert_allclose(situation.book_returns, fresh.book_returns, atol=1e-12)


@EXAMPLES
@given(st.sampled_from(Outcome), maybe_numbers, maybe_numbers, maybe_numbers, maybe_numbers, st.text(max_size=20))
def test_an_answer_is_the_value_that_validation_would_make(outcome, observed, soft, hard, largest, message):
    fields = {"observed": observed, "soft": soft, "hard": hard, "largest_quantity": largest, "message": message}
    validated = RuleResult(rule="a_rule", outcome=outcome, **fields)

    made = ARule().says(outcome, message, observed=observed, soft=soft, hard=hard, largest=largest)

    assert made == validated
    assert made.model_dump_json() == validated.model_dump_json()


@EXAMPLES
@given(st.sampled_from((math.nan, math.inf, -math.inf)), st.integers(0, 3), numbers)
def test_an_answer_with_a_number_that_is_none_raises(bad, place, fine):
    values = dict.fromkeys(("observed", "soft", "hard", "largest"), fine)
    values[tuple(values)[place]] = bad

    with pytest.raises(BadInput, match="no number to judge by"):
        ARule().says(Outcome.PASS, **values)


@EXAMPLES
@given(st.floats(0.0, 2.0), st.floats(0.0, 2.0), st.floats(0.01, 1.0), st.floats(0.0, 1.0))
def test_more_of_what_must_not_rise_is_never_judged_more_mildly(one, other, soft, above):
    less, more = sorted((one, other))
    hard = soft + above

    rising = [STRICTNESS.index(outcome_below(value, soft, hard)) for value in (less, more)]
    falling = [STRICTNESS.index(outcome_above(value, hard, soft)) for value in (more, less)]

    assert rising == sorted(rising)
    assert falling == sorted(falling)


CAPS = ("max_position_weight", "max_sector_weight", "max_leverage", "trade_risk", "turnover", "value_at_risk")


@EXAMPLES
@given(books(), entries(), st.sampled_from(CAPS), st.floats(0.05, 1.0))
def test_a_soft_limit_scaled_down_never_lets_more_through(book, trade, rule, share):
    loose = a_policy()
    limits = next(found for found in loose.rules if found.name == rule)
    tight = an_engine(a_policy(**{rule: {"soft": limits.soft * share, "hard": limits.hard * share}}))

    assert judge(trade, book, tight).quantity <= judge(trade, book).quantity


@EXAMPLES
@given(st.sampled_from((*CAPS, "cash_buffer", "min_confidence")), st.floats(0.01, 0.9))
def test_a_mandate_can_tighten_and_never_loosen(rule, part):
    limits = next(found for found in a_policy().rules if found.name == rule)
    is_floor = rule in {"cash_buffer", "min_confidence"}
    looser, tighter = limits.soft * (1.0 + part), limits.soft * (1.0 - part)
    if is_floor:
        looser, tighter = tighter, looser

    with pytest.raises(BadPolicy):
        a_policy(**{rule: {"soft": looser}})

    assert next(found for found in a_policy(**{rule: {"soft": tighter}}).rules if found.name == rule).soft == tighter


@EXAMPLES
@given(st.sampled_from(SYMBOLS), st.sampled_from(("quote", "volumes", "raw_close", "active")), units)
def test_what_is_not_known_on_a_live_feed_refuses_an_entry(symbol, lacking, size):
    trade = a_trade(symbol, size, words={"reason": "live"})
    assume(judged(trade, market=CONTINUOUS, engine=QUOTED).decision is not Decision.REJECT)

    verdict = judged(trade, market=with_bars(CONTINUOUS, symbol, **{lacking: None}), engine=QUOTED)

    assert verdict.decision is Decision.REJECT


@EXAMPLES
@given(books(), symbols, units, units)
def test_purchases_that_may_still_fill_are_counted_whoever_sent_them(book, symbol, size, waiting):
    """An open order and a reservation of the same size leave the same room, and never more than without."""
    ordered = book.model_copy(update={"working": (*book.working, an_order(symbol, "BUY", waiting))})
    taken = book.model_copy(update={"reservations": (*book.reservations, a_reservation(symbol, "BUY", waiting))})
    assume(not book.being_sold(symbol))
    trade = a_trade(symbol, size)

    for rule in ("max_position_weight", "max_sector_weight", "max_leverage", "cash_buffer"):
        alone, one, other = (said(rule, judge(trade, known)).largest_quantity for known in (book, ordered, taken))
        assert one == other <= alone


@EXAMPLES
@given(st.dictionaries(symbols, units, max_size=6), entries())
def test_renaming_who_proposed_it_changes_no_quantity(holdings, trade):
    book = a_book(holdings)

    assert judge(trade.model_copy(update={"proposal_id": "another"}), book).quantity == judge(trade, book).quantity
