"""What must hold of a desk over a session: whatever is proposed, approved, filled or expires, in whatever order."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.book import ControlState, Position
from domain.trade import Side
from domain.verdict import Decision, Phase
from risk_engine.reserve import remembered
from tests.risk_engine.builders import (
    SECTORS,
    a_book,
    a_market,
    a_policy,
    a_trade,
    an_engine,
    an_exit,
    judged,
)
from tests.risk_engine.examples import EXAMPLES
from tests.risk_engine.test_properties import ENGINE, EQUITY, MARKET, books, entries, judge, symbols, units

PRICE = 100.0
CONTINUOUS = a_market(continuous=True)
LIVE = an_engine(a_policy(recorded=False))


class Session:
    """A desk in memory: the real engine judges, prices stand still, and every fill is at the price reckoned with."""

    def __init__(self) -> None:
        self.book = a_book()
        self.waiting = {}
        self.ready = {}
        self.taken = 0

    def propose(self, trades):
        verdicts = ENGINE.judge(trades, self.book, MARKET, Phase.FIRST)
        for trade in trades:
            verdict = verdicts[trade.proposal_id]
            self.book = remembered(
                self.book, trade, trade.proposal.payload_hash, verdict.quantity, is_exit=trade.reduces
            )
            if verdict.quantity:
                (self.ready if verdict.decision.goes_on else self.waiting)[trade.proposal_id] = trade.of(
                    verdict.quantity
                )
                self.taken += 1

    def approve(self, name):
        trade = self.waiting.pop(name)
        alone = self.without(name)
        verdict = ENGINE.evaluate(trade, alone, MARKET, Phase.AFTER_YES)
        self.book = remembered(alone, trade, "", verdict.quantity, is_exit=trade.reduces)
        if verdict.quantity:
            self.ready[name] = trade.of(verdict.quantity)

    def expire(self, name):
        del self.waiting[name]
        self.book = self.without(name)

    def fill(self, name, share):
        trade = self.ready.pop(name)
        size = math.ceil(share * trade.quantity) * (1.0 if trade.side is Side.BUY else -1.0)
        alone = self.without(name)
        held = alone.held(trade.symbol) + size
        position = Position(symbol=trade.symbol, quantity=held, average_price=PRICE)
        others = {symbol: other for symbol, other in alone.positions.items() if symbol != trade.symbol}
        done = next(one for one in self.book.trades_today if one.proposal_id == name)
        self.book = alone.model_copy(
            update={
                "positions": {**others, trade.symbol: position} if held else others,
                "cash": alone.cash - size * PRICE,
                "trades_today": (*alone.trades_today, done.model_copy(update={"notional": abs(size) * PRICE})),
            }
        )

    def without(self, name):
        return self.book.model_copy(
            update={
                "reservations": tuple(room for room in self.book.reservations if room.proposal_id != name),
                "trades_today": tuple(trade for trade in self.book.trades_today if trade.proposal_id != name),
            }
        )

    def assert_within_every_cap(self):
        most = {symbol: self.book.held(symbol) + self.book.being_bought(symbol) for symbol in SECTORS}
        least = {symbol: self.book.held(symbol) - self.book.being_sold(symbol) for symbol in SECTORS}
        assert max(most.values()) * PRICE <= 0.08 * EQUITY + 1e-6
        assert min(least.values()) >= 0.0
        for sector in set(SECTORS.values()):
            assert sum(most[symbol] for symbol in most if SECTORS[symbol] == sector) * PRICE <= 0.25 * EQUITY + 1e-6
        assert sum(most.values()) * PRICE <= EQUITY + 1e-6
        assert self.book.free_cash >= 0.05 * EQUITY - 1e-6
        assert sum(trade.notional for trade in self.book.trades_today if trade.entry) <= 0.80 * EQUITY + 1e-6


@EXAMPLES
@given(st.data())
def test_caps_hold_under_any_interleaving_of_proposals_approvals_fills_and_expiry(data):
    desk = Session()
    for turn in range(data.draw(st.integers(3, 12))):
        kinds = ["propose", *(["approve", "expire"] if desk.waiting else []), *(["fill"] if desk.ready else [])]
        kind = data.draw(st.sampled_from(kinds))
        if kind == "propose":
            held = sorted(symbol for symbol in desk.book.positions if desk.book.being_sold(symbol) == 0.0)
            drawn = data.draw(st.lists(entries(), min_size=1, max_size=3))
            named = [entry.model_copy(update={"proposal_id": f"{turn}-{n}"}) for n, entry in enumerate(drawn)]
            if held and data.draw(st.booleans()):
                symbol = data.draw(st.sampled_from(held))
                named.append(an_exit(symbol, desk.book.held(symbol), proposal_id=f"{turn}-exit"))
            desk.propose(named)
        elif kind == "fill":
            desk.fill(data.draw(st.sampled_from(sorted(desk.ready))), data.draw(st.sampled_from((0.3, 1.0))))
        else:
            getattr(desk, kind)(data.draw(st.sampled_from(sorted(desk.waiting))))
        desk.assert_within_every_cap()


@EXAMPLES
@given(entries(), st.integers(1, 20))
def test_an_expired_proposal_leaves_the_room_it_found(trade, later):
    desk = Session()
    before = judge(a_trade("KO", float(later)), desk.book)

    desk.propose([trade])
    assume(desk.waiting)
    desk.expire(trade.proposal_id)

    after = judge(a_trade("KO", float(later)), desk.book)
    assert after.quantity == before.quantity
    assert after.decision is before.decision or trade.symbol == "KO"


@EXAMPLES
@given(books(), symbols, units)
def test_in_reducing_exits_pass_and_openings_and_flips_never_do(book, symbol, size):
    book = book.model_copy(update={"control": ControlState.REDUCING})
    free = book.held(symbol) - book.being_sold(symbol)

    opening = judge(a_trade(symbol, size), book)
    flip = judge(a_trade(symbol, max(free, 0.0) + size, side="SELL"), book)
    leaving = judge(an_exit(symbol, free), book) if free > 0.0 else None

    assert (opening.decision, opening.quantity) == (Decision.REJECT, 0.0)
    assert (flip.decision, flip.quantity) == (Decision.REJECT, 0.0)
    assert leaving is None or (leaving.decision, leaving.quantity) == (Decision.EXECUTE, free)


NOT_NUMBERS = (math.nan, math.inf, -math.inf)


def spoiled(market, where, number):
    """The market with one number of AAPL, or of all, that is none; not validated, as if something had let it in."""
    bars = market.history["AAPL"]
    if where == "vix":
        broken = market.model_copy(update={"vix": number})
    elif where in {"bid", "ask"}:
        quote = bars.quote.model_copy(update={where: number})
        broken = _with(market, bars.model_copy(update={"quote": quote}))
    elif where == "raw_close":
        broken = _with(market, bars.model_copy(update={where: number}))
    else:
        values = getattr(bars, where)
        broken = _with(market, bars.model_copy(update={where: (*values[:-1], number)}))
    broken.__dict__["digest"] = "a snapshot that could not be stored"
    return broken


def _with(market, bars):
    return market.model_copy(update={"history": {**market.history, "AAPL": bars}})


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
@EXAMPLES
@given(st.sampled_from(("closes", "volumes", "bid", "ask", "raw_close", "vix")), st.sampled_from(NOT_NUMBERS), units)
def test_a_market_with_a_number_that_is_none_lets_no_entry_through(where, number, size):
    trade = a_trade("AAPL", min(size, 70.0))
    assume(judged(trade, market=CONTINUOUS, engine=LIVE).decision is not Decision.REJECT)

    assert judged(trade, market=spoiled(CONTINUOUS, where, number), engine=LIVE).decision is Decision.REJECT


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
@EXAMPLES
@given(st.sampled_from(("price", "quantity")), st.sampled_from(NOT_NUMBERS))
def test_a_trade_with_a_number_that_is_none_is_rejected(where, number):
    trade = a_trade().model_copy(update={where: number})

    assert judge(trade, a_book()).decision is Decision.REJECT


@EXAMPLES
@given(symbols, st.sampled_from(("account_age_seconds", "margin_excess")), units)
def test_what_is_not_known_of_the_account_refuses_an_entry(symbol, lacking, size):
    book = a_book(margin_account=True, margin_excess=0.9)
    trade = a_trade(symbol, min(size, 70.0))
    assume(judged(trade, book, CONTINUOUS, engine=LIVE).decision is not Decision.REJECT)

    verdict = judged(trade, book.model_copy(update={lacking: None}), CONTINUOUS, engine=LIVE)

    assert verdict.decision is Decision.REJECT


@EXAMPLES
@given(symbols, units)
def test_a_symbol_without_history_is_rejected_and_harms_nobody_else(symbol, size):
    trade = a_trade(symbol, min(size, 70.0))
    history = {name: bars for name, bars in MARKET.history.items() if name != symbol}
    blind = MARKET.model_copy(update={"history": history})
    other = a_trade("KO" if symbol != "KO" else "JNJ", 10.0)

    verdicts = ENGINE.judge([trade, other], a_book(), blind, Phase.FIRST)

    assert verdicts[trade.proposal_id].decision is Decision.REJECT
    assert verdicts[other.proposal_id].quantity == 10.0
