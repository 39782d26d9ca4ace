"""What came of each decision, traded or not: measured once its span of sessions is complete."""

from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from domain.episodes import Episode, Span, TradeOutcome
from domain.market import Execution, MarketSnapshot
from domain.trade import Side
from graph.context import Context
from graph.views import market_now
from quant.hit_rate import ROUND_TRIP_COST


def score_outcomes(ctx: Context) -> int:
    """Measure what has become complete before the clock's session; return how many outcomes that were.

    Entries are real fills where something was traded, else the price at which it would have been: the session's close
    for a feed that executes there, the price decided on otherwise. Repeating the call adds nothing.
    """
    market = market_now(ctx)
    found: list[TradeOutcome] = []
    for judged in ctx.ledger.unscored(ctx.portfolio, market.session):
        episode, known = judged.episode, {outcome.span for outcome in judged.outcomes}
        filled_at = ctx.ledger.filled_at(episode.id, episode.side) if episode.proposal_id and episode.side else None
        found.extend(measure(episode, market, filled_at, known))
    ctx.ledger.save_outcomes(found)
    return len(found)


def measure(
    episode: Episode, market: MarketSnapshot, filled_at: float | None = None, known: Collection[Span] = ()
) -> list[TradeOutcome]:
    """Measure each span of one episode that is complete in `market` and not yet known."""
    path = _path(episode, market, filled_at)
    if path is None:
        return []
    return [_measure(episode, path, span, end) for span, end in _complete(episode, path, known)]


@dataclass(frozen=True, slots=True)
class _Path:
    """Closes from the decision's session on, the extremes of the same sessions, and where the trade began."""

    days: Sequence[date]
    closes: Sequence[float]
    highs: Sequence[float]
    lows: Sequence[float]
    benchmark: Sequence[float]
    entry: float
    traded: bool


def _path(episode: Episode, market: MarketSnapshot, filled_at: float | None) -> _Path | None:
    bars = market.history.get(episode.symbol)
    start = bisect_left(market.sessions, episode.session)
    if bars is None or start >= len(market.sessions) or market.sessions[start] != episode.session:
        return None
    at_close = market.execution is Execution.CLOSE or episode.price is None
    entry = filled_at or (bars.closes[start] if at_close else episode.price)
    assert entry is not None
    return _Path(
        days=market.sessions[start:],
        closes=bars.closes[start:],
        highs=(bars.highs or bars.closes)[start:],
        lows=(bars.lows or bars.closes)[start:],
        benchmark=(market.benchmark or market.equal_weight)[start:],
        entry=entry,
        traded=filled_at is not None,
    )


def _complete(episode: Episode, path: _Path, known: Collection[Span]) -> Iterator[tuple[Span, int]]:
    last = len(path.days) - 1
    for span in Span:
        end = span.sessions
        if end is None:
            end = bisect_left(path.days, episode.horizon) if episode.horizon else last + 1
            end = max(end, 1)
        if span not in known and end <= last:
            yield span, end


def _measure(episode: Episode, path: _Path, span: Span, end: int) -> TradeOutcome:
    sign = -1.0 if episode.side is Side.SELL else 1.0
    moves = [sign * (close / path.entry - 1.0) for close in path.closes[1 : end + 1]]
    up, down = (path.highs, path.lows) if sign > 0 else (path.lows, path.highs)
    ruled, stopped, reached = _ruled(episode, path, end, sign)
    gain = moves[-1] - ROUND_TRIP_COST
    market_move = sign * (path.benchmark[end] / path.benchmark[0] - 1.0)
    return TradeOutcome(
        episode_id=episode.id,
        portfolio=episode.portfolio,
        symbol=episode.symbol,
        span=span,
        decided=episode.session,
        until=path.days[end],
        sessions=end,
        traded=path.traded,
        entry_price=path.entry,
        exit_price=path.closes[end],
        gain=round(gain, 9),
        excess=round(gain - market_move, 9),
        best=round(max(0.0, *(sign * (price / path.entry - 1.0) for price in up[1 : end + 1])), 9),
        worst=round(min(0.0, *(sign * (price / path.entry - 1.0) for price in down[1 : end + 1])), 9),
        ruled_gain=round(moves[ruled - 1] - ROUND_TRIP_COST, 9),
        ruled_until=path.days[ruled],
        stopped=stopped,
        reached=reached,
    )


def _ruled(episode: Episode, path: _Path, end: int, sign: float) -> tuple[int, bool, bool]:
    """Find the first close beyond the stop or the target: where the plan would have ended the trade, and why."""
    if episode.reduces:
        return end, False, False
    for day in range(1, end + 1):
        close = sign * path.closes[day]
        if episode.stop_price is not None and close <= sign * episode.stop_price:
            return day, True, False
        if episode.take_profit_price is not None and close >= sign * episode.take_profit_price:
            return day, False, True
    return end, False, False
