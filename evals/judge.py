"""Judge a portfolio's decisions by everything there is, from its ledger alone."""

from datetime import date

import numpy as np

from domain.mandate import Mandate
from domain.market import MarketSnapshot
from domain.storage import Ledger
from evals.behaviour import BEHAVIOUR
from evals.finding import Finding
from evals.history import History
from evals.quality import QUALITY


def read_history(ledger: Ledger, mandate: Mandate, market: MarketSnapshot, since: date | None = None) -> History:
    """Read a portfolio's episodes, outcomes and executions, with the closes of `market` around them."""
    symbols = tuple(sorted(market.history))
    closes = np.array([market.history[symbol].closes for symbol in symbols], dtype=np.float64).T
    return History(
        judged=ledger.judged(mandate.name, since=since),
        fills=ledger.booked_fills(mandate.name),
        sessions=market.sessions,
        symbols=symbols,
        closes=closes.reshape(len(market.sessions), len(symbols)),
        sectors={symbol: mandate.sector(symbol) for symbol in symbols},
    )


def judge(history: History) -> tuple[Finding, ...]:
    """Ask every question of quality and of behaviour; in that order, by name."""
    return tuple(registry[name](history) for registry in (QUALITY, BEHAVIOUR) for name in registry.names())
