import pytest

from domain.verdict import Outcome
from tests.risk_engine.builders import a_book, a_trade, an_exit, checked, judged, said, traded


def entries(count, symbol="MSFT"):
    return a_book(trades_today=tuple(traded(symbol, 1.0, number=n) for n in range(count)))


@pytest.mark.parametrize(
    ("before", "outcome"),
    [
        (12, Outcome.PASS),
        (13, Outcome.ALERT),
        (19, Outcome.ALERT),
        (20, Outcome.SOFT),
        (39, Outcome.SOFT),
        (40, Outcome.HARD),
    ],
)
def test_entries_of_a_session_are_counted(before, outcome):
    assert checked("trade_frequency", a_trade(), entries(before)).outcome is outcome


@pytest.mark.parametrize(
    ("before", "outcome"),
    [(1, Outcome.PASS), (2, Outcome.ALERT), (3, Outcome.SOFT), (4, Outcome.SOFT), (5, Outcome.HARD)],
)
def test_entries_of_one_symbol_are_counted(before, outcome):
    assert checked("trade_frequency", a_trade(), entries(before, "AAPL")).outcome is outcome


def test_exits_neither_count_nor_are_counted():
    exits = tuple(traded("AAPL", 1.0, number=n).model_copy(update={"entry": False}) for n in range(50))

    assert checked("trade_frequency", a_trade(), a_book(trades_today=exits)).observed == 1.0
    verdict = judged(an_exit(), a_book({"AAPL": 20.0}, trades_today=entries(50).trades_today))
    assert said("trade_frequency", verdict).outcome is Outcome.NOT_APPLICABLE


def test_its_own_earlier_version_does_not_count():
    assert checked("trade_frequency", a_trade(proposal_id="t0"), entries(1, "AAPL")).observed == 1.0
