import pytest

from domain.book import ControlState, Position, RecentProposal
from domain.trade import Side
from domain.verdict import Decision, Phase
from risk_engine.reserve import remembered
from tests.risk_engine.builders import (
    a_book,
    a_market,
    a_policy,
    a_trade,
    an_engine,
    an_exit,
    traded,
    with_bars,
)


def test_a_batch_takes_its_room_one_after_the_other():
    # three of the same sector, of which 25 % fit: 8 + 8 + 8, and of the fourth 1 %
    book = a_book({"NVDA": 70.0})
    trades = [a_trade("AAPL", 80.0), a_trade("MSFT", 80.0), a_trade("XOM", 80.0)]
    engine = an_engine(a_policy(max_sector_weight={"soft": 0.20}))

    verdicts = engine.judge(trades, book, a_market(), Phase.FIRST)

    sizes = sorted(verdict.quantity for verdict in verdicts.values())
    assert sizes == [50.0, 80.0, 80.0]
    assert verdicts["XOM-BUY-80"].quantity == 80.0


def test_exits_of_a_batch_come_first_but_their_cash_does_not_count():
    book = a_book({"XOM": 80.0}, cash=6_000.0)

    verdicts = an_engine().judge([a_trade("AAPL", 20.0), an_exit("XOM", 80.0)], book, a_market(), Phase.FIRST)

    assert verdicts["XOM-SELL-80"].decision is Decision.EXECUTE
    assert verdicts["AAPL-BUY-20"].quantity == 10.0


def test_two_exits_of_one_holding_never_sell_more_than_it():
    book = a_book({"AAPL": 80.0})
    trades = [an_exit(quantity=80.0, proposal_id="A"), an_exit(quantity=50.0, proposal_id="B")]

    verdicts = an_engine().judge(trades, book, a_market(), Phase.FIRST)

    sold = sum(verdict.quantity for verdict in verdicts.values())
    assert sold <= 80.0
    assert sorted(verdict.decision.value for verdict in verdicts.values()) == ["execute", "reject"]


def test_mutually_opposing_members_of_a_batch_are_fine():
    book = a_book({"AAPL": 30.0})

    verdicts = an_engine().judge([a_trade(quantity=20.0), an_exit(quantity=30.0)], book, a_market(), Phase.FIRST)

    assert all(verdict.decision is Decision.EXECUTE for verdict in verdicts.values())


def test_what_waits_for_a_person_has_its_room_and_what_is_rejected_has_none():
    waits = a_trade("AAPL", 80.0, words={"risk_level": "high"})
    engine = an_engine(a_policy(max_sector_weight={"soft": 0.10, "hard": 0.20}))

    with_waiting = engine.judge([waits, a_trade("MSFT", 90.0)], a_book(), a_market(), Phase.FIRST)
    refused = a_trade("AAPL", 80.0, words={"confidence": 0.1})
    with_refused = engine.judge([refused, a_trade("MSFT", 90.0)], a_book(), a_market(), Phase.FIRST)

    assert with_waiting["MSFT-BUY-90"].quantity + with_waiting["AAPL-BUY-80"].quantity == 100.0
    assert with_refused["MSFT-BUY-90"].quantity == 80.0


def test_the_members_of_a_batch_name_the_opening_book():
    book = a_book({"XOM": 20.0})

    verdicts = an_engine().judge([a_trade("AAPL"), a_trade("MSFT")], book, a_market(), Phase.FIRST)

    assert {verdict.book_digest for verdict in verdicts.values()} == {book.digest}


def test_the_riskier_member_comes_later():
    market = with_bars(a_market(), "AAPL", closes=tuple(c**2 / 100.0 for c in a_market().history["AAPL"].closes))
    engine = an_engine(a_policy(max_leverage={"soft": 0.10}))

    verdicts = engine.judge([a_trade("AAPL", 80.0), a_trade("KO", 80.0)], a_book(), market, Phase.FIRST)

    assert verdicts["KO-BUY-80"].quantity == 80.0
    assert verdicts["AAPL-BUY-80"].quantity == 20.0


def test_the_session_s_entries_of_a_batch_are_counted():
    book = a_book(trades_today=tuple(traded("XOM", 1.0, number=n) for n in range(19)))

    verdicts = an_engine().judge([a_trade("AAPL"), a_trade("MSFT")], book, a_market(), Phase.FIRST)

    decisions = sorted(verdict.decision.value for verdict in verdicts.values())
    assert decisions == ["approval", "execute"]


def test_an_exit_that_costs_cash_takes_it_before_any_entry():
    book = a_book(cash=9_000.0, positions={"AAPL": Position(symbol="AAPL", quantity=-30.0, average_price=100.0)})
    entries = [a_trade("KO", 30.0), a_trade("JNJ", 5.0)]

    verdicts = an_engine().judge([*entries, a_trade("AAPL", 30.0, reduces=True)], book, a_market(), Phase.FIRST)

    # 9,000 less 3,000 for the exit less 5 % leave ten units
    assert verdicts["AAPL-BUY-30"].decision is Decision.EXECUTE
    assert sum(verdicts[name].quantity for name in ("KO-BUY-30", "JNJ-BUY-5")) == 10.0


def test_members_do_not_see_what_the_ledger_has_of_themselves():
    trades = [a_trade("AAPL", 10.0, proposal_id=name, words={"reason": name}) for name in ("one", "two")]
    recent = tuple(
        RecentProposal(
            proposal_id=trade.proposal_id, symbol="AAPL", side=Side.BUY, payload_hash=trade.proposal.payload_hash
        )
        for trade in trades
    )

    verdicts = an_engine().judge(trades, a_book(recent=recent), a_market(), Phase.FIRST)

    decisions = sorted(verdict.decision.value for verdict in verdicts.values())
    assert decisions == ["approval", "execute"]


@pytest.mark.parametrize("taken", [1.0, 20.0])
def test_what_is_let_through_takes_its_room_and_its_risk(taken):
    book = remembered(a_book(), a_trade(), "hash", taken, is_exit=False)

    (room,), (today,), (seen,) = book.reservations, book.trades_today, book.recent
    # 3 % to the stop
    assert (room.quantity, room.price, room.stop_risk, room.reduces) == (
        taken,
        100.0,
        pytest.approx(3.0 * taken),
        False,
    )
    assert (today.notional, today.entry, seen.payload_hash) == (100.0 * taken, True, "hash")


def test_an_exit_takes_its_room_and_risks_nothing():
    book = remembered(a_book({"AAPL": 20.0}), an_exit(), "hash", 20.0, is_exit=True)

    assert (book.reservations[0].stop_risk, book.reservations[0].reduces, book.trades_today[0].entry) == (
        0.0,
        True,
        False,
    )


def test_what_is_refused_is_only_remembered():
    book = remembered(a_book(), a_trade(), "hash", 0.0, is_exit=False)

    assert (book.reservations, book.trades_today, len(book.recent)) == ((), (), 1)


def test_without_a_risk_score_exits_still_come_first():
    engine = an_engine(a_policy(off=("risk_score",)))
    trades = [a_trade("AAPL", 80.0), an_exit("KO", 10.0), a_trade("XOM", 80.0)]

    verdicts = engine.judge(trades, a_book({"KO": 10.0}), a_market(), Phase.FIRST)

    assert next(iter(verdicts)) == "KO-SELL-10"
    assert all(verdict.quantity for verdict in verdicts.values())


def test_a_member_whose_price_is_not_known_is_rejected_alone():
    market = a_market()
    blind = market.model_copy(update={"history": {s: b for s, b in market.history.items() if s != "AAPL"}})

    verdicts = an_engine().judge([a_trade("AAPL", 20.0), a_trade("KO", 20.0)], a_book(), blind, Phase.FIRST)

    assert verdicts["AAPL-BUY-20"].decision is Decision.REJECT
    assert verdicts["KO-BUY-20"].decision is Decision.EXECUTE


def test_the_pass_of_an_exit_opens_nothing_after_it():
    book = a_book({"AAPL": 20.0}, control=ControlState.REDUCING)

    verdicts = an_engine().judge([an_exit(), a_trade("MSFT")], book, a_market(), Phase.FIRST)

    assert verdicts["AAPL-SELL-20"].decision is Decision.EXECUTE
    assert verdicts["MSFT-BUY-20"].decision is Decision.REJECT
    assert verdicts["MSFT-BUY-20"].breached == ("kill_switch",)


def test_an_exit_goes_ahead_before_an_entry_whose_book_can_not_be_reckoned():
    market = a_market(symbols={"AAPL": 100.0, "MSFT": 100.0})
    book = a_book({"AAPL": 20.0, "GONE": 10.0})

    verdicts = an_engine().judge([an_exit(), a_trade("MSFT")], book, market, Phase.FIRST)

    assert verdicts["AAPL-SELL-20"].decision is Decision.EXECUTE
    assert verdicts["MSFT-BUY-20"].decision is Decision.REJECT


def test_rules_that_are_off_are_not_looked_at_between_the_members_of_a_batch():
    off = ("max_sector_weight", "max_leverage", "open_positions", "correlation_limit")
    engine = an_engine(a_policy(off=(*off, "value_at_risk", "portfolio_volatility")))

    verdicts = engine.judge([a_trade("AAPL"), a_trade("MSFT")], a_book(), a_market(), Phase.FIRST)

    assert {verdict.decision for verdict in verdicts.values()} == {Decision.EXECUTE}
