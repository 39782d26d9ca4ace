"""What came of a decision: measured by hand on a made market, and on the recorded closes through the whole path."""

from datetime import UTC, date, datetime, timedelta

import pytest

from domain.episodes import Episode, Span
from domain.market import Execution, MarketSnapshot, SymbolHistory
from domain.proposal import Origin
from domain.trade import Side
from graph.outcomes import measure, score_outcomes
from tests.graph.conftest import proposal
from tools.market_data._sp500 import load_sp500

START = date(2017, 5, 1)
OPENS = datetime(2017, 6, 1, 13, 30, tzinfo=UTC)
COST = 0.001


def a_market(closes, execution=Execution.CLOSE, others=None, **bars):
    """One session a day from the first of May; KO has `closes`, the benchmark is the mean of KO and PEP."""
    history = {
        "KO": SymbolHistory(symbol="KO", closes=tuple(closes), **bars),
        "PEP": SymbolHistory(symbol="PEP", closes=tuple(others or [50.0] * len(closes))),
    }
    return MarketSnapshot(
        feed="test",
        simulated=True,
        execution=execution,
        as_of=OPENS,
        session=START + timedelta(days=len(closes)),
        opens_at=OPENS,
        closes_at=OPENS,
        sessions=tuple(START + timedelta(days=day) for day in range(len(closes))),
        history=history,
    )


def an_episode(**fields):
    given = {
        "id": "E",
        "portfolio": "demo",
        "symbol": "KO",
        "session": START,
        "origin": Origin.QUANT,
        "side": Side.BUY,
        "decision": "execute",
        "status": "done",
        "confidence": 0.6,
        "price": 99.0,
        "horizon": START + timedelta(days=2),
        "opened_at": OPENS,
    }
    return Episode.model_validate(given | fields)


def by_span(outcomes):
    return {outcome.span: outcome for outcome in outcomes}


def test_a_purchase_is_measured_from_the_close_that_would_have_filled_it():
    # By hand: 100 at the decision's close; 102, 96, 104, 108, 110 after it; PEP stays, so the benchmark moves half.
    found = by_span(measure(an_episode(), a_market([100, 102, 96, 104, 108, 110])))

    assert set(found) == {Span.ONE, Span.HORIZON, Span.FIVE}
    one, five, horizon = found[Span.ONE], found[Span.FIVE], found[Span.HORIZON]
    assert (one.gain, one.sessions, one.traded) == (pytest.approx(0.02 - COST), 1, False)
    assert (five.gain, five.best, five.worst) == (pytest.approx(0.10 - COST), 0.10, -0.04)
    assert five.excess == pytest.approx(0.10 - COST - 0.05)
    assert (horizon.until, horizon.gain) == (START + timedelta(days=2), pytest.approx(-0.04 - COST))


def test_a_sale_is_measured_the_other_way_round():
    found = by_span(measure(an_episode(side=Side.SELL), a_market([100, 90])))

    assert (found[Span.ONE].gain, found[Span.ONE].best, found[Span.ONE].worst) == (
        pytest.approx(0.10 - COST),
        0.10,
        0.0,
    )


def test_what_was_filled_counts_from_its_price():
    found = by_span(measure(an_episode(), a_market([100, 102]), filled_at=102.0))

    assert (found[Span.ONE].gain, found[Span.ONE].traded, found[Span.ONE].entry_price) == (-COST, True, 102.0)


def test_a_feed_that_trades_all_day_counts_from_the_price_decided_on():
    found = by_span(measure(an_episode(price=98.0), a_market([100, 98], execution=Execution.CONTINUOUS)))

    assert found[Span.ONE].gain == pytest.approx(-COST)


def test_highs_and_lows_widen_the_excursions():
    found = by_span(measure(an_episode(), a_market([100, 101], highs=(100, 107), lows=(100, 92))))

    assert (found[Span.ONE].best, found[Span.ONE].worst) == (pytest.approx(0.07), pytest.approx(-0.08))


@pytest.mark.parametrize(
    ("plan", "ruled", "day", "stopped", "reached"),
    [
        ({"stop_price": 97.0}, -0.04, 2, True, False),
        ({"take_profit_price": 104.0}, 0.04, 3, False, True),
        ({"stop_price": 97.0, "take_profit_price": 102.0}, 0.02, 1, False, True),
        ({"stop_price": 97.0, "reduces": True}, 0.10, 5, False, False),
    ],
)
def test_the_plan_alone_would_have_ended_at_the_first_close_beyond_it(plan, ruled, day, stopped, reached):
    five = by_span(measure(an_episode(**plan), a_market([100, 102, 96, 104, 108, 110])))[Span.FIVE]

    assert five.ruled_gain == pytest.approx(ruled - COST)
    assert (five.ruled_until, five.stopped, five.reached) == (START + timedelta(days=day), stopped, reached)


def test_what_is_not_complete_is_not_measured():
    assert measure(an_episode(), a_market([100])) == []
    assert set(by_span(measure(an_episode(horizon=date(2018, 1, 1)), a_market([100, 101])))) == {Span.ONE}


def test_a_symbol_that_the_feed_has_lost_is_not_measured():
    assert measure(an_episode(symbol="GONE"), a_market([100, 101])) == []


def test_taken_and_refused_proposals_are_scored_alike_and_once(desk):
    """AAPL is bought at the close of the day with costs; the oversized BBY is refused, and measured all the same."""
    taken, refused = desk.propose(proposal("AAPL"), proposal("BBY", confidence=0.1))
    desk.move_to(date(2017, 6, 5))
    desk.runner.enter()

    assert (score_outcomes(desk.ctx), score_outcomes(desk.ctx)) == (2, 0)

    table = load_sp500()
    closes = {s: table.closes[:, table.column(s)] for s in ("AAPL", "BBY")}
    row = table.row(date(2017, 5, 26))
    for record, symbol, traded in ((taken, "AAPL", True), (refused, "BBY", False)):
        one = desk.ledger.episode(record.id).after(Span.ONE)
        assert one.traded is traded
        assert one.until == date(2017, 5, 30)
        assert one.gain == pytest.approx(closes[symbol][row + 1] / closes[symbol][row] - 1 - COST, abs=6e-4)


def test_a_thesis_that_led_to_nothing_is_kept_and_measured_too(desk):
    desk.analyst.proposals = [proposal("AAPL")]
    desk.runner.start("2017-05-26")
    desk.move_to(date(2017, 5, 31))
    desk.runner.enter()

    score_outcomes(desk.ctx)

    kept = desk.ledger.judged("demo")
    without = [judged for judged in kept if judged.episode.proposal_id is None]
    assert {judged.episode.symbol for judged in kept} > {"AAPL"}
    assert {judged.episode.status for judged in without} == {"undecided"}
    assert all(judged.after(Span.ONE) is not None for judged in without)
    assert {judged.episode.situation["style"] for judged in without} == {"trend"}
