"""What a replay came to in figures, with what no decision at all would have come to beside it."""

from collections.abc import Mapping

import numpy as np

from domain.mandate import Mandate
from domain.value import Value
from domain.verdict import Decision
from evals.replay.benchmarks import buy_and_hold, closes_of, equal_weight
from evals.replay.result import BacktestResult, Curve, Prices
from quant.metrics import METRICS
from quant.track import Track

MAY_OPEN = frozenset({Decision.EXECUTE, Decision.RESIZE, Decision.APPROVAL})


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
    return measure(Track(np.asarray(units[1:] / units[:-1] - 1.0), turnover=np.array(curve.turnover[1:])))


def benchmarks_of(result: BacktestResult, mandate: Mandate, prices: Prices) -> dict[str, Performance]:
    """Measure buy and hold and equal weight of the mandate's universe over the same closes, free of cost."""
    closes = closes_of(prices, sorted(mandate.universe), result.curve.closes)
    return {"buy and hold": measure(Track(buy_and_hold(closes))), "equal weight": measure(Track(equal_weight(closes)))}


def months_without_opening(result: BacktestResult) -> tuple[str, ...]:
    """List the months (YYYY-MM) in which no entry was let through or put to a person, and no stop of the desk held.

    A month counts as stopped when some of its sessions lie in a halt, from its first session to the one that ended it.
    """
    opened = {f"{one.session:%Y-%m}" for one in result.judged if not one.reduces and one.decision in MAY_OPEN}
    stopped = {
        f"{day:%Y-%m}"
        for halt in result.halts
        for day in result.curve.closes[1:]
        if halt.since <= day <= (halt.until or result.last)
    }
    months = {f"{day:%Y-%m}" for day in result.curve.closes[1:]}
    return tuple(sorted(months - opened - stopped))


def measure(track: Track) -> Performance:
    """Measure a record of (T,) sessions."""
    return Performance.model_validate({name: METRICS[name](track).value for name in Performance.model_fields})


def rounded(performance: Performance) -> Mapping[str, float | None]:
    """The figures to six decimals, for JSON."""
    return {name: None if value is None else round(value, 6) for name, value in performance.model_dump().items()}
