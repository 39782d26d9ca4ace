"""What the gate's judgement costs, on books of growing size, beside the bare mathematics in it."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from benchmarks.figure import Figure, Timed, timed
from domain.book import Book
from domain.mandate import Instrument
from domain.market import MarketSnapshot
from domain.trade import Trade
from domain.verdict import Phase, RiskVerdict
from risk_engine.engine import Engine
from tests.risk_engine.builders import a_book, a_mandate, a_market, a_policy, a_trade

PROPOSALS = 20
DAYS = 253
SIZES = (50, 100, 200, 500)
SECTORS = 10
INVESTED = 0.5
EWMA = 1.0 - 2.0 / 21.0
TIMES = 25


def measure() -> Iterator[Figure]:
    took = {positions: Took.of(*build(positions)) for positions in SIZES}
    for positions, of in took.items():
        goal = 10.0 if positions == 100 else None
        yield Figure(f"{positions} positions, a new snapshot, median of {TIMES}", 1_000 * of.new.wall, "ms", goal)
        yield Figure("  of that, processor time", 1_000 * of.new.cpu, "ms")
        yield Figure("  the next batch on the same snapshot, processor time", 1_000 * of.again.cpu, "ms")
        yield Figure("  the same matrices in numpy alone, processor time", 1_000 * of.bare.cpu, "ms")
    decisions = [verdict.decision.value for verdict in took[SIZES[-1]].verdicts]
    for decision in sorted(set(decisions)):
        yield Figure(f"of the {PROPOSALS} verdicts at {SIZES[-1]} positions: {decision}", decisions.count(decision), "")
    yield Figure("rules in each verdict", len(took[SIZES[-1]].verdicts[0].results), "")
    yield Figure("time at 500 / time at 100 positions (linear: 5)", took[500].new.cpu / took[100].new.cpu, "x", 5)


class Took(NamedTuple):
    """What one size of book took: a batch on a new snapshot, one more on the same, and the mathematics alone."""

    new: Timed
    again: Timed
    bare: Timed
    verdicts: list[RiskVerdict]

    @classmethod
    def of(cls, engine: Engine, trades: list[Trade], book: Book, market: MarketSnapshot) -> "Took":
        """Measure one size."""
        verdicts = engine.judge(trades, book, market, Phase.FIRST)
        unseen = iter([_unseen(trades, book, market) for _ in range(TIMES)])
        return cls(
            new=timed(lambda: engine.judge(*next(unseen), Phase.FIRST), TIMES),
            again=timed(lambda: engine.judge(trades, book, market, Phase.FIRST), TIMES),
            bare=timed(lambda: _bare(trades, book, market), TIMES),
            verdicts=list(verdicts.values()),
        )


def build(positions: int) -> tuple[Engine, list[Trade], Book, MarketSnapshot]:
    """Make a book of `positions` names that uses half of its equity, and proposals for new ones; live-like data.

    The rule `open_positions` is off, because it refuses books of this size.
    """
    held = [f"H{number}" for number in range(positions)]
    asked = [f"N{number}" for number in range(PROPOSALS)]
    universe = {
        symbol: Instrument(name=symbol, sector=f"sector {number % SECTORS}")
        for number, symbol in enumerate((*held, *asked))
    }
    policy = a_policy(recorded=False, off=("open_positions",))
    market = a_market(continuous=True, symbols=dict.fromkeys(universe, 100.0), days=DAYS)
    book = a_book(dict.fromkeys(held, INVESTED * 1_000.0 / positions))
    trades = [a_trade(symbol, 20.0) for symbol in asked]
    return Engine(policy, a_mandate(universe=universe), "bench"), trades, book, market


def _unseen(trades: list[Trade], book: Book, market: MarketSnapshot) -> tuple[list[Trade], Book, MarketSnapshot]:
    """Copy everything, so that nothing is worked out of it yet; the snapshot's digest is known: it is stored first."""
    copied = market.model_copy()
    assert copied.digest == market.digest
    fresh = [trade.model_copy(update={"proposal": trade.proposal.model_copy()}) for trade in trades]
    return fresh, book.model_copy(), copied


def _bare(trades: list[Trade], book: Book, market: MarketSnapshot) -> None:
    symbols = [*book.positions, *(trade.symbol for trade in trades)]
    closes = np.array([market.history[symbol].closes for symbol in symbols]).T
    returns = closes[1:] / closes[:-1] - 1.0
    fading = EWMA ** np.arange(len(returns) - 1, -1, -1)
    fading /= fading.sum()
    weights = np.array([book.held(symbol) * market.history[symbol].last_close for symbol in symbols]) / book.equity
    np.sqrt(fading @ returns**2)
    recent = returns[-120:] - returns[-120:].mean(axis=0)
    standard = recent / np.sqrt((recent**2).sum(axis=0))
    for column in range(len(symbols) - PROPOSALS, len(symbols)):
        weights[column] += 0.02
        path = returns @ weights
        np.sqrt(fading @ path**2)
        np.partition(path, 12)
        np.flatnonzero(standard.T @ standard[:, column] >= 0.7)
