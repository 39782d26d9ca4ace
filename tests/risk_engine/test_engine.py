from dataclasses import replace

import pytest

from domain.book import ControlState, Position
from domain.errors import BadInput
from domain.trade import Side
from domain.verdict import Decision, Outcome, Phase
from risk_engine.line import NOTHING
from risk_engine.rule import Rule
from risk_engine.rules.cooldown import Cooldown
from tests.risk_engine.builders import (
    a_book,
    a_market,
    a_policy,
    a_reservation,
    a_trade,
    an_engine,
    an_exit,
    judged,
    said,
    with_bars,
)

EVERY_RULE = tuple(rule.name for rule in a_policy().rules)
MODEST = {"trade_risk": {"soft": 0.0005}}


def test_a_modest_trade_on_an_empty_book_is_executed_as_asked():
    verdict = judged(a_trade())

    assert (verdict.decision, verdict.quantity, verdict.asked_quantity) == (Decision.EXECUTE, 20.0, 20.0)
    assert verdict.breached == ()


@pytest.mark.parametrize(
    "verdict",
    [
        judged(a_trade()),
        judged(a_trade(quantity=900.0, words={"confidence": 0.1})),
        judged(an_exit(), a_book({"AAPL": 20.0})),
        judged(a_trade(), a_book(control=ControlState.HALTED)),
        judged(a_trade(), a_book(equity=0.0)),
        judged(a_trade(), engine=an_engine(a_policy(off=("turnover",)))),
    ],
    ids=["executed", "rejected", "exit", "halted", "ruined", "one disabled"],
)
def test_every_rule_is_shown_always_and_in_the_policy_s_order(verdict):
    assert tuple(result.rule for result in verdict.results) == EVERY_RULE


def test_a_large_trade_is_cut_to_the_soft_limit_and_says_by_what():
    verdict = judged(a_trade(quantity=100.0), a_book({"AAPL": 30.0}))

    assert (verdict.decision, verdict.quantity) == (Decision.RESIZE, 50.0)
    assert verdict.sized_by == ("max_position_weight",)
    # every rule speaks of the quantity that is allowed
    assert said("max_position_weight", verdict).observed == pytest.approx(0.08)
    assert said("max_order_notional", verdict).observed == pytest.approx(0.05)


def test_what_the_sizing_did_is_told_too():
    verdict = judged(a_trade(quantity=100.0, sized_by=("holding",)), a_book({"AAPL": 30.0}))

    assert verdict.sized_by == ("holding", "max_position_weight")


def test_the_resized_trade_is_judged_again_by_all_rules():
    resized = judged(a_trade(quantity=100.0), a_book({"AAPL": 30.0}))

    again = judged(a_trade(quantity=resized.quantity), a_book({"AAPL": 30.0}))

    assert (again.decision, again.quantity) == (Decision.EXECUTE, resized.quantity)


@pytest.mark.parametrize(
    ("asked", "decision"), [(80.0, Decision.RESIZE), (81.0, Decision.APPROVAL), (200.0, Decision.APPROVAL)]
)
def test_less_than_a_quarter_of_what_was_asked_is_asked_about(asked, decision):
    verdict = judged(a_trade(quantity=asked), a_book({"AAPL": 60.0}))

    assert (verdict.decision, verdict.quantity) == (decision, 20.0)


def test_a_person_is_asked_about_the_resized_quantity():
    verdict = judged(a_trade(quantity=42.0, words={"risk_level": "high"}), a_book({"AAPL": 50.0}))

    assert (verdict.decision, verdict.quantity, verdict.asked_quantity) == (Decision.APPROVAL, 30.0, 42.0)


def test_the_strictest_outcome_decides():
    verdict = judged(a_trade(words={"risk_level": "high", "confidence": 0.2}))

    assert (verdict.decision, verdict.quantity) == (Decision.REJECT, 0.0)
    assert verdict.breached == ("min_confidence", "model_risk")


@pytest.mark.parametrize("rule", ["max_position_weight", "max_sector_weight", "max_leverage"])
def test_a_book_that_is_over_hard_before_the_trade_rejects(rule):
    book = a_book({"MSFT": 1300.0})

    verdict = judged(a_trade("MSFT"), book)

    assert verdict.decision is Decision.REJECT
    assert said(rule, verdict).outcome is Outcome.HARD


def test_an_exit_is_never_resized():
    verdict = judged(an_exit(quantity=900.0), a_book({"AAPL": 900.0}, unit_value=0.88))

    assert (verdict.decision, verdict.quantity, verdict.sized_by) == (Decision.EXECUTE, 900.0, ())


def test_an_exit_of_a_short_position_is_one_too():
    book = a_book(positions={"AAPL": Position(symbol="AAPL", quantity=-30.0, average_price=100.0)})

    assert judged(a_trade(quantity=30.0, reduces=True), book).decision is Decision.EXECUTE
    verdict = judged(a_trade(quantity=31.0, reduces=True), book)
    assert said("trade_risk", verdict).outcome is Outcome.ERROR


def test_exits_go_ahead_on_a_book_without_equity():
    book = a_book({"AAPL": 20.0}, equity=-5.0)

    assert judged(an_exit(), book).decision is Decision.EXECUTE
    verdict = judged(a_trade(), book)
    assert verdict.decision is Decision.REJECT
    assert "equity is -5" in said("max_position_weight", verdict).message


def test_a_holding_without_a_price_stops_entries_and_not_exits():
    market = a_market(symbols={"AAPL": 100.0, "MSFT": 100.0})
    book = a_book({"AAPL": 20.0, "GONE": 10.0})

    assert judged(an_exit(), book, market).decision is Decision.EXECUTE
    verdict = judged(a_trade("MSFT"), book, market)
    assert verdict.decision is Decision.REJECT
    assert "GONE has no price" in said("max_leverage", verdict).message


class Broken(Cooldown):
    """A rule that does what it is told instead of judging."""

    def check(self, trade, situation):
        if self.all_after == 1:
            return self.says(Outcome.PASS, observed=float("nan"))
        if self.all_after == 2:
            raise ZeroDivisionError("division by zero")
        raise BadInput("a bad thing", "mend it")


@pytest.mark.parametrize(
    ("way", "words"), [(1, "nan"), (2, "ZeroDivisionError: division by zero"), (3, "a bad thing; mend it")]
)
def test_a_rule_that_raises_or_meets_nan_rejects_and_the_others_are_still_shown(way, words):
    engine = an_engine()
    broken = Broken(all_after=way)
    Broken.name = "cooldown"
    rules = tuple(broken if rule.name == "cooldown" else rule for rule in engine._policy.rules)
    engine = an_engine(replace(engine._policy, rules=rules))

    verdict = judged(a_trade(), engine=engine)

    assert verdict.decision is Decision.REJECT
    assert said("cooldown", verdict).outcome is Outcome.ERROR
    assert words in said("cooldown", verdict).message
    assert tuple(result.rule for result in verdict.results) == EVERY_RULE


def test_a_bad_close_in_the_history_rejects_entries():
    closes = (*a_market().history["AAPL"].closes[:-2], 0.0, 100.0)

    verdict = judged(a_trade(), market=with_bars(a_market(), "AAPL", closes=closes))

    assert verdict.decision is Decision.REJECT
    assert said("volatility_limit", verdict).outcome is Outcome.ERROR


def test_a_disabled_rule_is_listed_and_does_not_bind():
    engine = an_engine(a_policy(off=("max_position_weight", "max_order_notional")))

    verdict = judged(a_trade(quantity=100.0), a_book({"AAPL": 30.0}), engine=engine)

    assert said("max_position_weight", verdict).outcome is Outcome.DISABLED
    assert (verdict.decision, verdict.quantity) == (Decision.EXECUTE, 100.0)
    assert any("disabled by policy" in line for line in verdict.assumptions)


def test_what_can_not_be_evaluated_passes_on_recorded_data_with_a_note_and_rejects_elsewhere():
    recorded = judged(a_trade())
    live = judged(a_trade(), engine=an_engine(a_policy(recorded=False)))

    assert recorded.decision is Decision.EXECUTE
    assert said("spread", recorded).outcome is Outcome.NOTE
    assert any(line.startswith("spread: not evaluated") for line in recorded.assumptions)
    assert live.decision is Decision.REJECT
    assert said("spread", live).outcome is Outcome.NOT_EVALUATED


def test_a_verdict_says_what_it_stands_on():
    market = a_market(assumptions=("VIX is simulated",), lacks=("volumes",))
    book, policy = a_book({"AAPL": 3.0}), a_policy()

    verdict = an_engine(policy).evaluate(a_trade(version=2), book, market, Phase.AFTER_YES)

    assert (verdict.version, verdict.phase, verdict.code_version) == (2, Phase.AFTER_YES, "test")
    assert verdict.snapshot_digest == market.digest
    assert verdict.book_digest == book.digest
    assert verdict.policy_digest == policy.digest
    assert {"VIX is simulated", "the feed lacks volumes"} <= set(verdict.assumptions)


def test_the_same_input_gives_the_same_bytes():
    first, again = (judged(a_trade(quantity=90.0)).model_dump_json() for _ in range(2))

    assert first == again


def test_nothing_is_sent_of_nothing():
    trade = a_trade(quantity=0.0)

    assert judged(trade, engine=an_engine(a_policy(off=("min_order",)))).decision is Decision.REJECT
    assert judged(an_exit(quantity=0.0), a_book({"AAPL": 20.0})).decision is Decision.REJECT


def test_rules_declare_what_exits_and_sizes_mean_to_them():
    exits = {rule.name for rule in a_policy().rules if rule.applies_to_exits}
    resizing = {rule.name for rule in a_policy().rules if rule.resizes}

    assert exits == {"kill_switch", "market_session", "tradable_symbol", "restricted_list", "price_collar", "spread"}
    marked = {
        "max_order_notional",
        "liquidity",
        "trade_risk",
        "max_position_weight",
        "max_sector_weight",
        "max_leverage",
        "cash_buffer",
        "correlation_limit",
        "portfolio_volatility",
        "value_at_risk",
    }
    assert resizing == marked | {"drawdown", "turnover", "short_sales"}
    assert all(isinstance(rule, Rule) for rule in a_policy().rules)


def test_a_reservation_takes_the_side_it_is_on():
    book = a_book({"AAPL": 70.0}, reservations=(a_reservation(side=Side.SELL, quantity=70.0),))

    # the sale may fail: ten more units fit under 8 %, not eighty
    assert judged(a_trade(quantity=40.0), book).quantity == 10.0


def test_the_past_is_worked_out_once_a_snapshot_and_once_a_set_of_symbols():
    engine, market = an_engine(), a_market()

    first = engine._figures(a_book(), market, (a_trade("AAPL"),))

    assert engine._figures(a_book(), market, (a_trade("AAPL", 5.0),)) is first
    assert engine._figures(a_book({"XOM": 1.0}), market, (a_trade("AAPL"),)) is not first
    assert engine._figures(a_book(), a_market(), (a_trade("AAPL"),)) is not engine._figures(a_book(), market, ())


def test_what_fits_exactly_was_sized_by_nothing():
    verdict = judged(a_trade(quantity=50.0), a_book({"AAPL": 30.0}))

    assert (verdict.decision, verdict.quantity, verdict.sized_by) == (Decision.EXECUTE, 50.0, ())
    assert "room for" not in said("max_position_weight", verdict).message


def test_what_we_have_nothing_to_do_with_is_all_zeros_and_stays_so():
    assert set(NOTHING) == {0.0}
    with pytest.raises(AttributeError):
        NOTHING.held = 1.0


def test_what_calls_itself_an_exit_and_is_none_is_refused_whole():
    # half size would leave ten, which are free
    verdict = judged(an_exit(quantity=20.0), a_book({"AAPL": 15.0}, unit_value=0.88, control=ControlState.REDUCING))

    assert (verdict.decision, verdict.quantity, verdict.sized_by) == (Decision.REJECT, 0.0, ())


def test_sizing_keeps_to_the_policy_s_own_numbers():
    policy = a_policy()

    assert an_engine(policy).size_limits() == policy.size_limits()
    assert policy.size_limits().position_volatility == policy.sizing.position_volatility


def test_a_rounding_error_of_a_lot_cuts_nothing():
    # three lots of 0.3 make a little less than 0.9
    trade = a_trade(quantity=0.9, lot=0.3, price=8000.0)

    verdict = judged(trade, market=a_market(symbols={"AAPL": 8000.0}))

    assert (verdict.decision, verdict.quantity, verdict.sized_by) == (Decision.EXECUTE, 0.9, ())
