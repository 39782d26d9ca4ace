"""The daily reconciliation lists what a person should know of a session, and decides nothing."""

from dataclasses import replace
from datetime import date

from domain.errors import RateLimited
from domain.orders import IntentState
from domain.verdict import Outcome
from graph import execution
from graph.daily import daily_report
from graph.monitor import overdue
from graph.views import market_now
from tests.graph.conftest import demo_mandate, open_desk

NEXT = date(2017, 5, 30)
AFTER = date(2017, 5, 31)


class HandedBroker:
    """The desk's broker with an order of somebody else, or silent about its orders."""

    def __init__(self, broker, orders):
        self._broker, self._orders = broker, orders

    def __getattr__(self, name):
        return getattr(self._broker, name)

    def open_orders(self):
        if self._orders is None:
            raise RateLimited("not now")
        return self._orders


def test_a_quiet_session_has_little_to_tell(desk):
    desk.propose(desk.buy("AAPL"))

    report = daily_report(desk.ctx)

    assert report.decisions == {"execute": 1}
    assert (report.overrides, report.differences, report.unsure, report.by_hand) == ((), (), (), ())
    assert {(one.rule, one.times, one.rejected) for one in report.not_judged} >= {("liquidity", 1, False)}
    assert not any("liquidity:" in text for text in report.assumptions)


def test_a_yes_that_lifted_soft_limits_is_an_override_with_its_numbers(desk):
    (asked,) = desk.propose(desk.buy("AMD"))
    desk.answer(asked)

    (override,) = daily_report(desk.ctx).overrides

    assert (override.symbol, override.by, override.hindsight) == ("AMD", "local", True)
    lifted = {result.rule: result for result in override.lifted}
    assert lifted["volatility_limit"].observed > lifted["volatility_limit"].soft


def test_orders_of_unknown_outcome_and_orders_by_hand_are_listed(desk):
    (bought,) = desk.propose(desk.buy("AAPL", order_type="limit", limit_price=round(_price(desk) * 0.998, 4)))
    (intent,) = desk.ledger.intents("demo", proposal_id=bought.id)
    desk.ledger.mark_intent(intent.client_order_id, IntentState.UNKNOWN, "no answer", desk.clock.now())
    theirs = desk.broker.open_orders()[0].model_copy(update={"client_order_id": "by-hand"})

    report = daily_report(replace(desk.ctx, broker=HandedBroker(desk.broker, (theirs,))))
    silent = daily_report(replace(desk.ctx, broker=HandedBroker(desk.broker, None)))

    assert [order.client_order_id for order in report.unsure] == [intent.client_order_id]
    assert [order.client_order_id for order in report.by_hand] == ["by-hand"]
    assert silent.by_hand is None


def _price(desk):
    return market_now(desk.ctx).price("AAPL")


def test_a_difference_says_whether_it_blocks_and_what_happened_to_the_symbol(desk):
    desk.ledger.compare_with_broker("demo", desk.broker.account().cash + 7, (), desk.clock.now())
    (seen,) = daily_report(desk.ctx).differences
    desk.ledger.compare_with_broker("demo", desk.broker.account().cash + 7, (), desk.clock.now())
    (blocks,) = daily_report(desk.ctx).differences

    assert "seen once" in seen.explanation
    assert "nothing explains it" in blocks.explanation
    execution.reconcile(desk.ctx)
    assert daily_report(desk.ctx).differences == ()


def test_what_is_over_a_hard_limit_has_a_deadline_and_is_late_the_session_after(tmp_path):
    home = tmp_path / "home"
    with open_desk(home) as desk:
        desk.propose(desk.buy("AAPL", 0.06))

    tight = demo_mandate(limits={"max_position_weight": {"soft": 0.03, "hard": 0.05}})
    with open_desk(home, session=NEXT, mandate=tight) as desk:
        report = daily_report(desk.ctx)
        desk.runner.start("2017-05-30")
        (reduction,) = desk.ledger.proposals("demo", slot="2017-05-30")
        market = market_now(desk.ctx)

        assert [(one.symbol, one.result.outcome) for one in report.breaches] == [("AAPL", Outcome.HARD)]
        assert (report.deadline < market.closes_at, report.late) == (True, ())
        assert f"to be mended by {report.deadline:%Y-%m-%d %H:%M} UTC" in reduction.proposal.reason

        desk.move_to(AFTER)
        assert overdue(desk.ctx, market_now(desk.ctx)) == {"AAPL"}
