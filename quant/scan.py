"""The quantitative look at a snapshot: signals, facts, regime and short list."""

from collections.abc import Collection

from domain.errors import NoData
from domain.market import MarketSnapshot
from domain.scan import Scan, Signal, Style
from quant.cross_section import ranks, z_scores
from quant.facts import symbol_facts
from quant.hit_rate import hit_rates
from quant.market_facts import market_facts
from quant.moments import ewma_volatility, mean_abs_move
from quant.panel import Panel, panel_of
from quant.regime import read_regime
from quant.rounding import rounded
from quant.shortlist import reviews_of, shortlist_of
from quant.strategies import STRATEGIES
from quant.strategy import Strategy


def scan_market(
    snapshot: MarketSnapshot,
    style: Style,
    size: int,
    held: Collection[str],
    expiring: Collection[str] = (),
    refused: Collection[str] = (),
) -> Scan:
    """Look at every symbol of the snapshot in one `style` and pick at least `size` of them, where there are so many.

    `held` names what the portfolio holds (a mapping's values are not read), `expiring` what reaches its horizon,
    `refused` what was turned down lately. Pure:
    only the closes and the VIX of the snapshot are read, and the same arguments give the same bytes. Signals are sorted
    by rank; ties go to the symbol that comes first in the alphabet.

    Raises:
        NoData: no symbol, or fewer sessions than the strategy needs.
        BadInput: a close that is not a finite number above zero.
    """
    strategy = STRATEGIES[style.value]()
    panel = panel_of(snapshot)
    if len(panel.closes) < strategy.lookback:
        raise NoData(
            f"{strategy.name} needs {strategy.lookback} sessions before {snapshot.session}, "
            f"the feed {snapshot.feed} has {len(panel.closes)}",
            "start later, or use a feed with a longer history",
        )
    signals = signals_of(panel, strategy)
    reading = read_regime(panel.returns)
    reviews = reviews_of(signals, held, expiring)
    return Scan(
        snapshot_digest=snapshot.digest,
        session=snapshot.session,
        style=style,
        regime=reading.regime,
        signals=signals,
        facts=(*market_facts(panel, reading, snapshot), *symbol_facts(panel, signals)),
        shortlist=shortlist_of(signals, reviews, size, {*held, *refused}),
        reviews=reviews,
    )


def signals_of(panel: Panel, strategy: Strategy) -> tuple[Signal, ...]:
    """Score every symbol now and judge its score bucket by the panel's past; sorted by rank."""
    scores = z_scores(strategy.scores(panel.closes))
    records = hit_rates(scores, panel.closes, strategy.horizon_sessions)
    volatility = ewma_volatility(panel.returns)
    moves = mean_abs_move(panel.closes)
    places = ranks(scores[-1])
    signals = [
        Signal(
            symbol=symbol,
            strategy=strategy.name,
            score=rounded(scores[-1, column]),
            rank=places[column],
            hit_rate=records[column].rate,
            cases=records[column].cases,
            horizon_sessions=strategy.horizon_sessions,
            volatility=rounded(volatility[column]),
            mean_abs_move=rounded(moves[column]),
        )
        for column, symbol in enumerate(panel.symbols)
    ]
    return tuple(sorted(signals, key=lambda signal: signal.rank))
