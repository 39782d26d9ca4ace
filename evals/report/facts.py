"""What a tear sheet tells: the result, its benchmarks, every finding, and what the decisions cost."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np

from domain.episodes import Judged
from domain.mandate import Mandate
from domain.market import Execution, MarketSnapshot, SymbolHistory
from domain.storage import Ledger
from domain.trade import Side
from evals.finding import Finding
from evals.history import History
from evals.judge import judge
from evals.quality.regret import in_risk
from evals.replay.benchmarks import buy_and_hold, closes_of, equal_weight
from evals.replay.result import BacktestResult, Prices
from evals.round_trips import round_trips
from graph.outcomes import measure
from quant.arrays import Floats
from quant.measure import Measure
from quant.metrics import METRICS
from quant.track import Track


@dataclass(frozen=True)
class Facts:
    """Everything the page shows; `returns` are (T,) fractions by name, the portfolio's own first."""

    result: BacktestResult
    returns: Mapping[str, Floats]
    measures: Mapping[str, Mapping[str, Measure]]
    findings: tuple[Finding, ...]
    taken_r: tuple[float, ...]
    refused_r: tuple[float, ...]
    model_cost_usd: float
    model_calls: int
    decisions: int
    assumptions: tuple[str, ...]
    code_version: str


def gather(
    result: BacktestResult,
    ledger: Ledger,
    mandate: Mandate,
    prices: Prices,
    *,
    assumptions: Sequence[str] = (),
    code_version: str = "",
) -> Facts:
    """Read a portfolio's ledger and measure its decisions at the closes of the result's span; stores nothing.

    Raises:
        NoData: a member of the universe has no close on a day of the span.
    """
    symbols, days = sorted(mandate.universe), result.curve.closes
    closes = closes_of(prices, symbols, days)
    history = _history(ledger, mandate, symbols, days, closes)
    units = np.array(result.curve.unit_value)
    mine = np.asarray(units[1:] / units[:-1] - 1.0)
    returns = {result.portfolio: mine, "buy and hold": buy_and_hold(closes), "equal weight": equal_weight(closes)}
    trades = np.array([trip.profit for trip in round_trips(history)])
    tracks = {
        name: Track(
            values,
            benchmark=returns["equal weight"] if name != "equal weight" else None,
            trades=trades if name == result.portfolio else None,
            turnover=np.array(result.curve.turnover[1:]) if name == result.portfolio else None,
            exposure=1.0 - np.array(result.curve.cash[1:]) if name == result.portfolio else None,
        )
        for name, values in returns.items()
    }
    calls = [call for run in ledger.runs(mandate.name, limit=10**6) for call in ledger.calls(mandate.name, run.slot)]
    taken, refused = _risks(history.judged)
    return Facts(
        result=result,
        returns=returns,
        measures={name: {m: METRICS[m](track) for m in METRICS.names()} for name, track in tracks.items()},
        findings=judge(history),
        taken_r=taken,
        refused_r=refused,
        model_cost_usd=sum(call.cost_usd for call in calls if not call.cached),
        model_calls=sum(not call.cached for call in calls),
        decisions=result.entries.total + result.exits.total,
        assumptions=tuple(assumptions),
        code_version=code_version,
    )


def _history(ledger: Ledger, mandate: Mandate, symbols: Sequence[str], days: Sequence[date], closes: Floats) -> History:
    market = _market(symbols, days, closes)
    fills = ledger.booked_fills(mandate.name)
    paid: defaultdict[tuple[str, Side], list[tuple[float, float]]] = defaultdict(list)
    for fill in fills:
        paid[fill.proposal_id, fill.side].append((float(fill.quantity), float(fill.price)))
    judged = []
    for one in ledger.judged(mandate.name):
        episode = one.episode
        parts = paid.get((episode.id, episode.side)) if episode.side else None
        price = sum(q * p for q, p in parts) / sum(q for q, _ in parts) if parts else None
        judged.append(Judged(episode=episode, outcomes=tuple(measure(episode, market, price))))
    sectors = {symbol: mandate.sector(symbol) for symbol in symbols}
    return History(tuple(judged), fills, tuple(days), tuple(symbols), closes, sectors)


def _market(symbols: Sequence[str], days: Sequence[date], closes: Floats) -> MarketSnapshot:
    """All closes at once, as seen after the last: for measuring what has happened."""
    after = days[-1] + timedelta(days=1)
    moment = datetime(after.year, after.month, after.day, tzinfo=UTC)
    return MarketSnapshot(
        feed="history",
        simulated=True,
        execution=Execution.CLOSE,
        as_of=moment,
        session=after,
        opens_at=moment,
        closes_at=moment,
        sessions=tuple(days),
        history={
            symbol: SymbolHistory(symbol=symbol, closes=tuple(closes[:, column].tolist()))
            for column, symbol in enumerate(symbols)
        },
    )


def _risks(judged: Sequence[Judged]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """What entries made in units of their risk: those that were taken, those that were refused."""
    taken: list[float] = []
    refused: list[float] = []
    for one in judged:
        made = in_risk(one)
        if made is not None and one.episode.proposal_id is not None and not one.episode.reduces:
            (taken if one.outcomes[-1].traded else refused).append(made)
    return tuple(taken), tuple(refused)
