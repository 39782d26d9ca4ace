from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pytest

from domain.market import Execution, MarketSnapshot, Provenance, SymbolHistory

SESSION = date(2020, 6, 1)

SnapshotOf = Callable[..., MarketSnapshot]


def _snapshot_of(closes: Mapping[str, np.ndarray], **others) -> MarketSnapshot:
    length = max((len(series) for series in closes.values()), default=1)
    return MarketSnapshot(
        feed="made",
        simulated=True,
        execution=Execution.CLOSE,
        as_of=datetime.combine(SESSION, time(13, 30), UTC),
        session=SESSION,
        opens_at=datetime.combine(SESSION, time(13, 30), UTC),
        closes_at=datetime.combine(SESSION, time(20), UTC),
        sessions=tuple(SESSION - timedelta(days=back) for back in range(length, 0, -1)),
        history={
            symbol: SymbolHistory(symbol=symbol, closes=tuple(map(float, series)), provenance=Provenance.SIMULATED)
            for symbol, series in closes.items()
        },
        **others,
    )


@pytest.fixture
def snapshot_of() -> SnapshotOf:
    return _snapshot_of


@pytest.fixture
def walk() -> Callable[..., np.ndarray]:
    def make(sessions: int, symbols: int, seed: int = 1, scale: float = 0.01) -> np.ndarray:
        steps = np.random.default_rng(seed).normal(0.0, scale, (sessions - 1, symbols))
        return 100.0 * np.exp(np.vstack([np.zeros(symbols), np.cumsum(steps, axis=0)]))

    return make
