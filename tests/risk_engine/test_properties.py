"""What must hold of the engine on any book: 200 cases a property."""

import itertools

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.book import ControlState
from domain.verdict import Decision, Phase
from tests.risk_engine.builders import (
    SECTORS,
    a_book,
    a_market,
    a_policy,
    a_reservation,
    a_trade,
    an_engine,
    an_exit,
    an_order,
    judged,
    said,
    traded,
)
from tests.risk_engine.examples import EXAMPLES

ENGINE = an_engine()
MARKET = a_market()
EQUITY = 100_000.0
SYMBOLS = tuple(SECTORS)
STRICTNESS = {Decision.EXECUTE: 0, Decision.RESIZE: 1, Decision.APPROVAL: 2, Decision.REJECT: 3, Decision.HALT: 4}

units = st.integers(min_value=1, max_value=90).map(float)
symbols = st.sampled_from(SYMBOLS)
sides = st.sampled_from(("BUY", "SELL"))


@st.composite
def books(draw):
    """Holdings, open orders, reservations and earlier entries, not always within the limits."""
    holdings = draw(st.dictionaries(symbols, units, max_size=4))
    return a_book(
        holdings,
        cash=draw(st.floats(4_000.0, EQUITY)),
        working=tuple(
            an_order(symbol, side, draw(units), client_order_id=f"o{n}", proposal_id=f"w{n}")
            for n, (symbol, side) in enumerate(draw(st.lists(st.tuples(symbols, sides), max_size=2)))
        ),
        reservations=tuple(
            a_reservation(symbol, side, draw(units), proposal_id=f"r{n}")
            for n, (symbol, side) in enumerate(draw(st.lists(st.tuples(symbols, sides), max_size=2)))
        ),
        trades_today=tuple(
            traded(symbol, draw(st.floats(1.0, 9_000.0)), number=n)
            for n, symbol in enumerate(draw(st.lists(symbols, max_size=3)))
        ),
        unit_value=draw(st.sampled_from((1.0, 1.0, 0.95, 0.88))),
    )


@st.composite
def entries(draw, symbol=symbols):
    return a_trade(
        draw(symbol),
        float(draw(st.integers(min_value=1, max_value=250))),
        words={
            "confidence": draw(st.sampled_from((0.9, 0.7, 0.6, 0.5))),
            "risk_level": draw(st.sampled_from(("low", "low", "medium", "high"))),
        },
    )


@st.composite
def batches(draw):
    """Up to five entries and exits of different symbols; the book holds what the exits sell."""
    chosen = draw(st.lists(symbols, min_size=1, max_size=5, unique=True))
    trades, holdings = [], {}
    for symbol in chosen:
        if draw(st.booleans()):
            trades.append(draw(entries(st.just(symbol))))
        else:
            holdings[symbol] = draw(units)
            trades.append(an_exit(symbol, holdings[symbol]))
    return trades, a_book(holdings, cash=draw(st.floats(0.0, EQUITY)))


def judge(trade, book, engine=ENGINE):
    return judged(trade, book, MARKET, engine=engine)


@EXAMPLES
@given(batches(), st.randoms(use_true_random=False))
def test_permuting_a_batch_changes_nothing(batch, chance):
    trades, book = batch
    shuffled = list(trades)
    chance.shuffle(shuffled)

    assert ENGINE.judge(trades, book, MARKET, Phase.FIRST) == ENGINE.judge(shuffled, book, MARKET, Phase.FIRST)


@EXAMPLES
@given(books(), entries(), st.integers(1, 200))
def test_asking_more_never_yields_less(book, trade, more):
    # above a quarter of equity the fat-finger rule refuses the ask as such
    larger = a_trade(trade.symbol, min(trade.quantity + more, 250.0), proposal_id=trade.proposal_id)
    larger = larger.model_copy(update={"proposal": trade.proposal})

    assert judge(larger, book).quantity >= judge(trade, book).quantity


@EXAMPLES
@given(books(), entries())
def test_nobody_gets_more_than_asked_and_the_result_is_a_fixpoint(book, trade):
    verdict = judge(trade, book)
    assume(verdict.quantity > 0.0)

    again = judge(trade.of(verdict.quantity), book)

    assert verdict.quantity <= trade.quantity
    assert again.quantity == verdict.quantity
    assert again.results == verdict.results


@EXAMPLES
@given(books(), entries())
def test_what_goes_on_without_a_person_is_within_every_soft_limit(book, trade):
    verdict = judge(trade, book)
    assume(verdict.decision.goes_on)

    assert not [result for result in verdict.results if result.outcome.breaches]
    held = book.held(trade.symbol) + book.being_bought(trade.symbol)
    assert (held + verdict.quantity) * 100.0 <= 0.08 * EQUITY + 1e-6
    assert book.cash - verdict.quantity * 100.0 >= 0.05 * EQUITY - 1e-6


LIMITS = (
    ("max_position_weight", {"soft": 0.03}),
    ("max_position_weight", {"soft": 0.03, "hard": 0.04}),
    ("max_sector_weight", {"soft": 0.10, "hard": 0.12}),
    ("max_leverage", {"soft": 0.5, "hard": 0.6}),
    ("cash_buffer", {"soft": 0.3, "hard": 0.2}),
    ("trade_risk", {"soft": 0.001, "hard": 0.002}),
    ("max_order_notional", {"soft": 0.02, "hard": 0.05}),
    ("turnover", {"soft": 0.1, "hard": 0.2}),
    ("min_order", {"dollars": 900.0}),
    ("value_at_risk", {"soft": 0.002, "hard": 0.003}),
    ("portfolio_volatility", {"soft": 0.02, "hard": 0.03}),
    ("drawdown", {"half_size": 0.03, "keep": 0.3}),
    ("min_confidence", {"soft": 0.8, "hard": 0.6}),
    ("risk_score", {"soft": 20.0}),
)
TIGHTER = [an_engine(a_policy(**{rule: values})) for rule, values in LIMITS]


@EXAMPLES
@given(books(), entries(), st.sampled_from(TIGHTER))
def test_tightening_never_lets_more_through(book, trade, tighter):
    loose, tight = judge(trade, book), judge(trade, book, tighter)

    assert tight.quantity <= loose.quantity
    if tight.quantity == loose.quantity:
        assert STRICTNESS[tight.decision] >= STRICTNESS[loose.decision]


@EXAMPLES
@given(books(), symbols, st.lists(st.integers(1, 60), min_size=2, max_size=5))
def test_parts_together_never_get_more_than_the_whole(book, symbol, sizes):
    # the parts are told apart by their reason; what may ask or reject them for being many stands aside
    assume(sum(sizes) <= 250)
    off = ("duplicate_proposal", "trade_frequency", "drawdown", "min_order", "trade_risk", "risk_score")
    engine = an_engine(a_policy(off=off))
    parts = [
        a_trade(symbol, float(size), proposal_id=f"part{n}", words={"reason": f"part {n}"})
        for n, size in enumerate(sizes)
    ]

    verdicts = engine.judge(parts, book, MARKET, Phase.FIRST)

    whole = judge(a_trade(symbol, float(sum(sizes))), book, engine)
    assert sum(verdict.quantity for verdict in verdicts.values()) <= whole.quantity


@EXAMPLES
@given(batches())
def test_caps_hold_whatever_part_of_a_batch_is_filled(batch):
    trades, book = batch

    verdicts = ENGINE.judge(trades, book, MARKET, Phase.FIRST)

    sizes = {trade.symbol: verdicts[trade.proposal_id].quantity for trade in trades if not trade.reduces}
    for filled in itertools.product((0.0, 1.0), repeat=len(sizes)):
        after = {symbol: book.held(symbol) for symbol in SYMBOLS}
        for share, (symbol, size) in zip(filled, sizes.items(), strict=True):
            after[symbol] += share * size
            if size and share:
                assert after[symbol] * 100.0 <= 0.08 * EQUITY + 1e-6
        bought = {SECTORS[symbol] for share, symbol in zip(filled, sizes, strict=True) if share and sizes[symbol]}
        for sector in bought:
            weight = sum(size for symbol, size in after.items() if SECTORS[symbol] == sector)
            assert weight * 100.0 <= 0.25 * EQUITY + 1e-6


@EXAMPLES
@given(books(), symbols, units, st.sampled_from((ControlState.ACTIVE, ControlState.REDUCING)))
def test_exits_pass_in_reducing_and_nothing_else_does(book, symbol, size, control):
    book = book.model_copy(update={"control": control})
    free = book.held(symbol) - book.being_sold(symbol)

    verdict = judge(an_exit(symbol, size), book)

    if size <= free:
        assert (verdict.decision, verdict.quantity) == (Decision.EXECUTE, size)
    else:
        assert verdict.decision is Decision.REJECT
    if control is ControlState.REDUCING:
        assert judge(a_trade(symbol, size), book).decision is Decision.REJECT


def scaled(market, factor):
    history = {
        symbol: bars.model_copy(update={"closes": tuple(close * factor for close in bars.closes)})
        for symbol, bars in market.history.items()
    }
    return market.model_copy(update={"history": history})


@EXAMPLES
@given(st.dictionaries(symbols, units, max_size=6), entries(), st.sampled_from((0.1, 10.0)))
def test_scaling_whole_adjusted_histories_changes_no_verdict(holdings, trade, factor):
    """Ten times the shares at a tenth of the price are the same position."""
    there = a_book({symbol: size / factor for symbol, size in holdings.items()}, price=100.0 * factor)
    units_there = {name: getattr(trade, name) / factor for name in ("quantity", "asked_quantity", "lot")}
    trade_there = trade.model_copy(update={**units_there, "price": 100.0 * factor})

    here = judge(trade, a_book(holdings))
    away = judged(trade_there, there, scaled(MARKET, factor), engine=ENGINE)

    assert away.decision is here.decision
    assert away.quantity * factor == pytest.approx(here.quantity)
    assert [result.outcome for result in away.results] == [result.outcome for result in here.results]


NUMBERS = ("cash", "equity", "unit_value", "last_session_return", "margin_excess")


@EXAMPLES
@given(st.sampled_from(NUMBERS), st.sampled_from((float("nan"), float("inf"), float("-inf"))))
def test_a_number_that_is_none_never_lets_an_entry_through(name, number):
    book = a_book({"XOM": 20.0}, margin_account=True, margin_excess=0.9).model_copy(update={name: number})
    book.__dict__["digest"] = "a book that could not be stored"

    verdict = judge(a_trade(), book)

    # infinite wealth is no doubt, but no number either
    assert verdict.decision is Decision.REJECT


@EXAMPLES
@given(books(), entries())
def test_at_the_quantity_each_rule_allows_it_is_content(book, trade):
    for first in judge(trade, book).results:
        # turnover and short sales resize to their hard limit, a book that was over before stays over
        if not first.largest_quantity or first.rule in {"turnover", "short_sales"}:
            continue
        verdict = judge(trade.of(min(first.largest_quantity, trade.quantity)), book)

        assert not said(first.rule, verdict).outcome.breaches
