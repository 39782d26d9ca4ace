"""What is held stays priced when the mandate no longer lists it: it can be sold, and not bought."""

from datetime import date

import pytest

from domain.errors import BadProposal
from domain.proposal import Origin
from domain.records import ProposalStatus
from graph.breakers import look
from graph.limit_use import limit_uses
from graph.views import market_now
from tests.graph.conftest import demo_mandate, open_desk, proposal

NEXT = date(2017, 5, 30)


@pytest.fixture
def left(tmp_path):
    """A desk that holds AAPL, of a mandate that lists it no more."""
    home = tmp_path / "home"
    with open_desk(home) as desk:
        desk.propose(proposal("AAPL"))
        assert desk.book().held("AAPL") > 0
    smaller = demo_mandate()
    smaller = smaller.model_copy(update={"universe": {s: m for s, m in smaller.universe.items() if s != "AAPL"}})
    with open_desk(home, session=NEXT, mandate=smaller) as desk:
        yield desk


def current_book(desk):
    market = market_now(desk.ctx)
    return desk.ledger.book("demo", market.session, {s: bars.price for s, bars in market.history.items()})


def test_the_book_keeps_its_price_and_its_limits(left):
    book, market = current_book(left), market_now(left.ctx)

    assert book.equity == pytest.approx(book.cash + book.held("AAPL") * market.price("AAPL"))
    assert look(left.ctx).state.value == "ACTIVE"
    assert {use.symbol for use in limit_uses(left.engine, book, market, ())} == {"AAPL"}


def test_it_can_be_sold_and_others_can_be_bought(left):
    held = current_book(left).held("AAPL")

    sold, bought = left.propose(proposal("AAPL", action="SELL", position_size_pct=1.0), proposal("KO"))

    assert (sold.status, sold.filled_quantity) == (ProposalStatus.DONE, held)
    assert bought.status is ProposalStatus.DONE
    assert current_book(left).held("AAPL") == 0


def test_adding_to_it_is_refused_by_the_rule_that_says_why(left):
    (more,) = left.propose(proposal("AAPL"))

    assert more.status is ProposalStatus.REJECTED
    assert "tradable_symbol" in more.verdict.breached
    assert any("not in the mandate" in result.message for result in more.verdict.results)


def test_what_is_neither_held_nor_listed_is_refused_before_the_gate(left):
    left.propose(proposal("AAPL", action="SELL", position_size_pct=1.0))

    with pytest.raises(BadProposal, match="AAPL is not in the mandate"):
        left.propose(proposal("AAPL"))


def test_a_run_neither_argues_about_it_nor_keeps_it(left):
    left.runner.start("2017-05-30")

    (sold,) = left.ledger.proposals("demo", slot="2017-05-30")
    assert (sold.proposal.symbol, sold.origin, sold.status) == ("AAPL", Origin.MONITOR, ProposalStatus.DONE)
    assert "AAPL" not in left.analyst.asked
    assert current_book(left).positions == {}
