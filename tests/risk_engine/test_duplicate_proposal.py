import pytest

from domain.book import (
    RecentProposal,
)
from domain.trade import (
    Side,
)
from domain.verdict import Decision, Outcome, Phase
from tests.risk_engine.builders import (
    a_book,
    a_market,
    a_trade,
    an_engine,
    an_exit,
    checked,
    judged,
    said,
)


def earlier(trade, **changes):
    values = {
        "proposal_id": "earlier",
        "symbol": trade.symbol,
        "side": trade.side,
        "payload_hash": trade.proposal.payload_hash,
    }
    return RecentProposal(**{**values, **changes})


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, Outcome.HARD),
        ({"payload_hash": "other words"}, Outcome.SOFT),
        ({"side": Side.SELL}, Outcome.PASS),
        ({"symbol": "MSFT"}, Outcome.PASS),
        ({"proposal_id": "mine"}, Outcome.PASS),
    ],
    ids=["identical", "similar", "other side", "other symbol", "itself"],
)
def test_the_same_idea_twice_in_a_session(changes, outcome):
    trade = a_trade(proposal_id="mine")

    assert checked("duplicate_proposal", trade, a_book(recent=(earlier(trade, **changes),))).outcome is outcome


def test_an_identical_one_among_similar_ones_is_found():
    trade = a_trade()
    recent = (earlier(trade), earlier(trade, proposal_id="later", payload_hash="other words"))

    assert checked("duplicate_proposal", trade, a_book(recent=recent)).outcome is Outcome.HARD


def test_twins_in_one_batch_are_found_too():
    one, two = a_trade(proposal_id="A"), a_trade(proposal_id="B")

    verdicts = an_engine().judge([two, one], a_book(), a_market(), Phase.FIRST)

    assert [verdicts[name].decision for name in "AB"] == [Decision.EXECUTE, Decision.REJECT]


def test_members_of_the_batch_are_not_earlier_than_themselves():
    one, two = a_trade("AAPL"), a_trade("MSFT")
    book = a_book(recent=(earlier(one, proposal_id=one.proposal_id), earlier(two, proposal_id=two.proposal_id)))

    verdicts = an_engine().judge([one, two], book, a_market(), Phase.FIRST)

    assert all(verdict.decision is Decision.EXECUTE for verdict in verdicts.values())


def test_exits_may_repeat_themselves():
    trade = an_exit()

    verdict = judged(trade, a_book({"AAPL": 20.0}, recent=(earlier(trade),)))

    assert said("duplicate_proposal", verdict).outcome is Outcome.NOT_APPLICABLE


def test_the_newest_of_similar_proposals_is_named():
    recent = tuple(
        RecentProposal(proposal_id=name, symbol="AAPL", side=Side.BUY, payload_hash=name) for name in ("one", "two")
    )

    assert "P-two" in checked("duplicate_proposal", a_trade(), a_book(recent=recent)).message
