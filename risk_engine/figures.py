"""What several rules need to know of the market's past: returns, volatilities and correlations, worked out once."""

import math
from collections.abc import Mapping
from functools import cached_property
from struct import Struct

import numpy as np
from numpy.typing import NDArray

from domain.errors import NoData
from domain.market import MarketSnapshot
from quant.moments import ewma_volatility
from quant.returns import simple_returns
from risk_engine.answer import finite

Floats = NDArray[np.float64]
SESSIONS_A_YEAR = 252
ZERO = 1e-12


class Figures:
    """The returns of the symbols that matter, and what follows from them; nothing is computed before it is asked for.

    Closes are adjusted, so that scaling a whole history changes nothing here.
    """

    def __init__(self, market: MarketSnapshot, symbols: tuple[str, ...]) -> None:
        self.market = market
        self.symbols = symbols
        self.sessions = len(market.sessions) - 1
        """How many returns there are."""
        self._similar: dict[tuple[str, int, float], tuple[str, ...]] = {}
        self._volatilities: dict[int, list[float]] = {}
        self._standards: dict[int, Floats] = {}
        self._prices: dict[str, float] = {}
        self._weights: dict[int, Floats] = {}
        self._sharpe: dict[int, list[float]] = {}
        self._volumes: dict[tuple[str, int], float | None] = {}

    @cached_property
    def column(self) -> Mapping[str, int]:
        """Where each symbol stands in `returns`."""
        return {symbol: number for number, symbol in enumerate(self.symbols)}

    @cached_property
    def returns(self) -> Floats:
        """Daily returns as fractions, (T, N), oldest first, one column a symbol."""
        history, sessions = self.market.history, len(self.market.sessions)
        # Three times as fast as numpy's own way from tuples.
        pack = Struct(f"{sessions}d").pack
        flat = np.frombuffer(b"".join([pack(*history[symbol].closes) for symbol in self.symbols]), dtype=np.float64)
        return simple_returns(flat.reshape(len(self.symbols), sessions).T)

    def price(self, symbol: str) -> float:
        """The price to reckon with, in dollars.

        Raises:
            NoData: the market has none.
        """
        known = self._prices.get(symbol)
        if known is None:
            known = self.market.price(symbol)
            if known is None:
                raise NoData(f"{symbol} has no price in the feed {self.market.feed!r}", "have the feed observe it too")
            self._prices[symbol] = known
        return known

    def average_volume(self, symbol: str, sessions: int) -> float | None:
        """Average the shares a day over the last `sessions`, or None where the feed has no volumes."""
        key = (symbol, sessions)
        if key not in self._volumes:
            bars = self.market.history.get(symbol)
            recent = bars.volumes[-sessions:] if bars is not None and bars.volumes else ()
            self._volumes[key] = finite(sum(recent) / len(recent)) if recent else None
        return self._volumes[key]

    def returns_of(self, symbol: str) -> Floats:
        """Daily returns of one symbol, (T,)."""
        return self.returns[:, self.column[symbol]]

    def volatility(self, symbol: str, span: int) -> float:
        """Annualised EWMA volatility of a symbol, a fraction."""
        if span not in self._volatilities:
            self._volatilities[span] = ewma_volatility(self.returns, span).tolist()
        return self._volatilities[span][self.column[symbol]]

    def ewma_weights(self, span: int) -> Floats:
        """Weights of the sessions, (T,), that sum to one and fall by 1 - 2 / (span + 1) a session into the past."""
        if span not in self._weights:
            raw = (1.0 - 2.0 / (span + 1.0)) ** np.arange(self.sessions - 1, -1, -1, dtype=np.float64)
            self._weights[span] = raw / raw.sum()
        return self._weights[span]

    def sharpe(self, symbol: str, sessions: int) -> float:
        """Annualised Sharpe ratio of a symbol over the last `sessions`, at most; 0 when it does not move."""
        if sessions not in self._sharpe:
            recent = self.returns[-sessions:]
            deviation = recent.std(axis=0, ddof=1) if len(recent) > 1 else np.zeros(recent.shape[1])
            moves = deviation > ZERO
            ratio = np.divide(recent.mean(axis=0), deviation, out=np.zeros_like(deviation), where=moves)
            self._sharpe[sessions] = (ratio * math.sqrt(SESSIONS_A_YEAR)).tolist()
        return self._sharpe[sessions][self.column[symbol]]

    def similar(self, symbol: str, sessions: int, at_least: float) -> tuple[str, ...]:
        """Other symbols whose returns of the last `sessions` correlate with those of `symbol` by `at_least`."""
        key = (symbol, sessions, at_least)
        if key not in self._similar:
            standard, column = self._standard(sessions), self.column[symbol]
            (close,) = (standard[column] @ standard.T >= at_least - ZERO).nonzero()
            self._similar[key] = tuple([self.symbols[other] for other in close.tolist() if other != column])
        return self._similar[key]

    def _standard(self, sessions: int) -> Floats:
        """Scale each symbol's row to mean 0 and length 1: products are correlations; what does not move stays 0."""
        if sessions not in self._standards:
            recent = self.returns[-sessions:].T
            centred = recent - recent.mean(axis=1, keepdims=True)
            length = np.sqrt((centred**2).sum(axis=1, keepdims=True))
            moves = length > ZERO
            self._standards[sessions] = np.divide(centred, length, out=np.zeros_like(centred), where=moves)
        return self._standards[sessions]


def nth(values: Floats, place: int) -> float:
    """Give the value at `place` in rising order, counted from 0; `values` are in another order afterwards."""
    values.partition(place)
    return float(values[place])
