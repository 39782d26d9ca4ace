"""What a replay came to in figures, with what no decision at all would have come to beside it."""

from collections.abc import Mapping, Sequence

import numpy as np

from domain.mandate import Mandate
from domain.value import Value
from evals.replay.benchmarks import buy_and_hold, closes_of, equal_weight
from evals.replay.result import BacktestResult, Curve, Prices
from quant.arrays import SESSIONS_A_YEAR, Floats
from quant.metrics import METRICS


class Performance(Value):
    """Fractions, annualised but for `total_return` and `max_drawdown`; None where it can't be told."""

    total_return: float | None
    cagr: float | None
    volatility: float | None
    sharpe: float | None
    max_drawdown: float | None
    turnover: float | None = None


def performance_of(curve: Curve) -> Performance:
    """Measure a curve by its unit values, so that money from outside is no gain."""
    units = np.array(curve.unit_value)
    measured = measure(np.asarray(units[1:] / units[:-1] - 1.0))
    return measured.model_copy(update={"turnover": _turnover(curve.turnover)})


def benchmarks_of(result: BacktestResult, mandate: Mandate, prices: Prices) -> dict[str, Performance]:
    """Measure buy and hold and equal weight of the mandate's universe over the same closes, free of cost."""
    closes = closes_of(prices, sorted(mandate.universe), result.curve.closes)
    return {"buy and hold": measure(buy_and_hold(closes)), "equal weight": measure(equal_weight(closes))}


def measure(returns: Floats) -> Performance:
    """Measure (T,) simple returns a session."""
    wealth = float(np.prod(1.0 + returns))
    return Performance(
        total_return=wealth - 1.0,
        cagr=wealth ** (SESSIONS_A_YEAR / len(returns)) - 1.0 if wealth > 0.0 else -1.0,
        volatility=METRICS["volatility"](returns).value,
        sharpe=METRICS["sharpe"](returns).value,
        max_drawdown=METRICS["max_drawdown"](returns).value,
    )


def _turnover(traded: Sequence[float]) -> float:
    """One way, a year; the first purchase is none."""
    events = [share for share in traded if share > 0.0][1:]
    return sum(events) * SESSIONS_A_YEAR / max(len(traded) - 1, 1)


def rounded(performance: Performance) -> Mapping[str, float | None]:
    """The figures to six decimals, for JSON."""
    return {name: None if value is None else round(value, 6) for name, value in performance.model_dump().items()}
