import pytest

from domain.verdict import Decision, Outcome
from tests.risk_engine.builders import a_book, a_trade, an_exit, checked, judged, said, traded


@pytest.mark.parametrize(
    ("before", "outcome"),
    [
        (25_900.0, Outcome.PASS),
        (26_000.0, Outcome.ALERT),
        (38_000.0, Outcome.ALERT),
        (38_100.0, Outcome.SOFT),
        (78_000.0, Outcome.SOFT),
        (78_100.0, Outcome.HARD),
    ],
)
def test_entries_of_a_session_add_up(before, outcome):
    result = checked("turnover", a_trade(), a_book(trades_today=(traded("MSFT", before),)))

    assert (result.outcome, result.soft, result.hard) == (outcome, 0.40, 0.80)


def test_what_would_go_over_the_hard_limit_is_cut_and_asked_about():
    verdict = judged(a_trade(quantity=20.0), a_book(trades_today=(traded("MSFT", 79_000.0),)))

    assert (verdict.decision, verdict.quantity, verdict.breached) == (Decision.APPROVAL, 10.0, ("turnover",))


def test_a_session_over_the_hard_limit_is_over():
    verdict = judged(a_trade(quantity=20.0), a_book(trades_today=(traded("MSFT", 81_000.0),)))

    assert verdict.decision is Decision.REJECT
    assert "turnover" in verdict.breached


def test_exits_are_not_capped():
    verdict = judged(an_exit(), a_book({"AAPL": 20.0}, trades_today=(traded("MSFT", 81_000.0),)))

    assert said("turnover", verdict).outcome is Outcome.NOT_APPLICABLE


def test_exits_of_the_session_and_the_trade_itself_are_no_turnover():
    trade = a_trade()
    own = traded("AAPL", 9_000.0).model_copy(update={"proposal_id": trade.proposal_id})
    exits = traded("MSFT", 9_000.0).model_copy(update={"entry": False})

    result = checked("turnover", trade, a_book(trades_today=(own, exits)))

    assert result.observed == pytest.approx(0.02)
    assert result.message.startswith("this session's entries would come to 2 %")


def test_a_session_over_the_hard_limit_is_refused_and_not_cut():
    book = a_book(trades_today=(traded("MSFT", 81_000.0),))

    assert checked("turnover", a_trade(), book).largest_quantity is None


def test_a_session_at_the_hard_limit_has_room_for_nothing():
    book = a_book(trades_today=(traded("MSFT", 80_000.0),))

    assert checked("turnover", a_trade(), book).largest_quantity == 0.0
