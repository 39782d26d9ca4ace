import pytest

from domain.book import Position
from domain.verdict import Outcome
from tests.risk_engine.builders import a_book, a_trade, an_exit, an_order, checked, judged, said


@pytest.mark.parametrize(
    ("order", "outcome"),
    [
        (an_order("AAPL", "SELL"), Outcome.HARD),
        (an_order("AAPL", "BUY"), Outcome.PASS),
        (an_order("MSFT", "SELL"), Outcome.PASS),
    ],
    ids=["other side", "same side", "other symbol"],
)
def test_nobody_trades_against_himself(order, outcome):
    assert checked("opposing_order", a_trade(), a_book({"AAPL": 20.0}, working=(order,))).outcome is outcome


def test_the_legs_of_the_position_are_no_opposing_orders_but_its_sale_is():
    held = {"AAPL": Position(symbol="AAPL", quantity=20.0, average_price=100.0, proposal_id="entry")}
    leg = an_order("AAPL", "SELL", reduces=True, proposal_id="entry")
    sale = an_order("AAPL", "SELL", reduces=True, proposal_id="exit")

    assert checked("opposing_order", a_trade(), a_book(positions=held, working=(leg,))).outcome is Outcome.PASS
    assert checked("opposing_order", a_trade(), a_book(positions=held, working=(leg, sale))).outcome is Outcome.HARD


def test_exits_go_ahead():
    verdict = judged(an_exit(), a_book({"AAPL": 20.0}, working=(an_order("AAPL", "BUY"),)))

    assert said("opposing_order", verdict).outcome is Outcome.NOT_APPLICABLE
