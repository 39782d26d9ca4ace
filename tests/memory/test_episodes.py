"""Episodes are kept once, and joined by what came of them; what was not known yet is not told."""

from datetime import date

import pytest

from domain.episodes import Episode, Span, TradeOutcome, thesis_id
from domain.errors import NotFound
from domain.orders import OrderStatus
from domain.proposal import Origin
from domain.trade import Side
from tests.memory.fakes import D1, D2, NOW, a_fill, a_new, an_order

D3, D4 = date(2017, 5, 31), date(2017, 6, 1)


def an_episode(name: str, session: date = D1, **fields: object) -> Episode:
    given = {
        "id": name,
        "proposal_id": name,
        "portfolio": "demo",
        "symbol": "AAPL",
        "session": session,
        "origin": Origin.MODEL,
        "side": Side.BUY,
        "decision": "reject",
        "status": "rejected",
        "confidence": 0.6,
        "opened_at": NOW,
    }
    return Episode.model_validate(given | fields)


def an_outcome(name: str, span: Span, until: date, **fields: object) -> TradeOutcome:
    given = {
        "episode_id": name,
        "portfolio": "demo",
        "symbol": "AAPL",
        "span": span,
        "decided": D1,
        "until": until,
        "sessions": 1,
        "traded": False,
        "entry_price": 100.0,
        "exit_price": 101.0,
        "gain": 0.009,
        "best": 0.01,
        "worst": 0.0,
        "ruled_gain": 0.009,
        "ruled_until": until,
    }
    return TradeOutcome.model_validate(given | fields)


@pytest.fixture
def told(desk):
    desk.ledger.add_batch("demo", "b1", None, D1, [a_new("A"), a_new("B")], NOW)
    return desk


def test_an_episode_is_stored_once_and_marks_its_proposal_as_remembered(told):
    before = [record.id for record in told.ledger.unremembered("demo")]
    told.ledger.open_episode(an_episode("A"))
    told.ledger.open_episode(an_episode("A", decision="execute"))

    assert before == ["A", "B"]
    assert [record.id for record in told.ledger.unremembered("demo")] == ["B"]
    assert told.ledger.episode("A").episode.decision == "reject"
    assert told.actions().count("episode_opened") == 1


def test_a_thesis_without_a_proposal_has_an_episode_of_its_own(told):
    name = thesis_id("demo", "2017-05-26", "XOM")
    told.ledger.open_episode(an_episode(name, proposal_id=None, symbol="XOM", status="undecided"))

    assert [judged.episode.symbol for judged in told.ledger.judged("demo")] == ["XOM"]


def test_outcomes_join_their_episode_once_each(told):
    told.ledger.open_episode(an_episode("A"))
    told.ledger.save_outcomes([an_outcome("A", Span.ONE, D2)])
    told.ledger.save_outcomes([an_outcome("A", Span.ONE, D2, gain=0.5), an_outcome("A", Span.FIVE, D3)])

    (judged,) = told.ledger.judged("demo")

    assert [(outcome.span, outcome.gain) for outcome in judged.outcomes] == [(Span.ONE, 0.009), (Span.FIVE, 0.009)]


def test_an_episode_is_scored_until_nothing_is_missing(told):
    told.ledger.open_episode(an_episode("A"))

    for span in Span:
        assert [judged.episode.id for judged in told.ledger.unscored("demo", D2)] == ["A"]
        told.ledger.save_outcomes([an_outcome("A", span, D2)])

    assert told.ledger.unscored("demo", D2) == ()
    assert told.ledger.unscored("demo", D1) == ()


def test_what_was_not_known_before_a_session_is_not_told(told):
    told.ledger.open_episode(an_episode("A", D1))
    told.ledger.open_episode(an_episode("B", D3))
    told.ledger.save_outcomes([an_outcome("A", Span.ONE, D2), an_outcome("A", Span.FIVE, D3)])

    known = {day: told.ledger.judged("demo", known_before=day) for day in (D1, D2, D3, D4)}

    told_then = {day: [(j.episode.id, len(j.outcomes)) for j in found] for day, found in known.items()}
    assert told_then == {D1: [], D2: [("A", 0)], D3: [("A", 1)], D4: [("A", 2), ("B", 0)]}
    assert [judged.episode.id for judged in told.ledger.judged("demo", since=D2)] == ["B"]


def test_an_outcome_needs_its_episode(told):
    with pytest.raises(NotFound, match="Z"):
        told.ledger.save_outcomes([an_outcome("Z", Span.ONE, D2)])


def test_the_price_of_a_proposal_is_that_of_its_own_executions(desk):
    intent = desk.committed("A")
    fills = [a_fill(intent, "x1", "4", "100"), a_fill(intent, "x2", "6", "110")]
    desk.ledger.book_order(an_order(intent, OrderStatus.FILLED, "10"), fills, NOW)

    assert desk.ledger.filled_at("A", Side.BUY) == pytest.approx(106.0)
    assert desk.ledger.filled_at("A", Side.SELL) is None
