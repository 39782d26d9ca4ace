"""Limits that what is held has outgrown by itself: drift, a restriction added later, a symbol no longer tradable."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from domain.book import Book
from domain.market import MarketSnapshot
from domain.proposal import Action, TradeProposal
from domain.value import Value
from domain.verdict import Outcome, RuleResult
from graph.gate import Judge
from graph.limit_use import measure_nothing

MEASURED = ("max_position_weight", "max_sector_weight", "correlation_limit")
"""Rules that a smaller holding brings back under the limit."""
FORBIDDING = ("restricted_list", "tradable_symbol")
"""Rules that forbid the holding altogether."""


LAST_MINUTES = timedelta(minutes=10)
SAID = "A limit is exceeded without a trade"


class PassiveBreach(Value):
    """One limit that a holding exceeds without a trade; `excess` is a fraction of equity above the soft limit."""

    symbol: str
    result: RuleResult
    excess: float


def passive_breaches(engine: Judge, book: Book, market: MarketSnapshot) -> tuple[PassiveBreach, ...]:
    """Hold every position against the limits of the book: soft and hard breaches, heaviest holding first."""
    found = []
    for symbol in sorted(book.positions, key=lambda symbol: (-_weight(symbol, book, market), symbol)):
        if symbol not in market.history or book.held(symbol) <= 0.0:
            continue
        for result in measure_nothing(engine, symbol, book, market, (*MEASURED, *FORBIDDING)):
            if result.rule in FORBIDDING and result.outcome is Outcome.HARD:
                found.append(PassiveBreach(symbol=symbol, result=result, excess=_weight(symbol, book, market)))
            elif result.rule in MEASURED and result.outcome in {Outcome.SOFT, Outcome.HARD}:
                excess = (result.observed or 0.0) - (result.soft or 0.0)
                found.append(PassiveBreach(symbol=symbol, result=result, excess=excess))
    return tuple(found)


def reductions(breaches: Sequence[PassiveBreach], book: Book, market: MarketSnapshot) -> tuple[TradeProposal, ...]:
    """Propose to bring what is over a hard limit back to the soft one: the heaviest holding gives way, once a session.

    The deadline is ten minutes before the close: the proposals expire with the session, the next one looks again.
    """
    excess: dict[str, tuple[float, str]] = {}
    answered: set[tuple[str, float | None]] = set()
    for breach in breaches:
        group = (breach.result.rule, breach.result.observed)
        if breach.result.outcome is not Outcome.HARD or group in answered:
            continue
        answered.add(group)
        if breach.excess > excess.get(breach.symbol, (0.0, ""))[0]:
            excess[breach.symbol] = (breach.excess, breach.result.message)
    return tuple(
        _reduction(symbol, min(share, _weight(symbol, book, market)), why, deadline(market))
        for symbol, (share, why) in excess.items()
        if book.being_sold(symbol) < book.held(symbol)
    )


def deadline(market: MarketSnapshot) -> datetime:
    """Until when a book has to be back under its hard limits: ten minutes before the session's close."""
    return market.closes_at - LAST_MINUTES


def is_reduction(proposal: TradeProposal) -> bool:
    """Whether the desk proposed this because a limit was exceeded without a trade."""
    return proposal.reason.startswith(SAID)


def _reduction(symbol: str, share: float, why: str, until: datetime) -> TradeProposal:
    return TradeProposal(
        symbol=symbol,
        action=Action.SELL,
        position_size_pct=min(1.0, max(share, 1e-6)),
        reason=f"{SAID}, to be mended by {until:%Y-%m-%d %H:%M} UTC: {why}"[:300],
        confidence=0.5,
        risk_level="low",
        expected_upside_pct=0.0,
        worst_case_loss_pct=0.0,
        time_horizon_days=1,
    )


def _weight(symbol: str, book: Book, market: MarketSnapshot) -> float:
    return abs(book.held(symbol)) * (market.price(symbol) or 0.0) / book.equity if book.equity > 0.0 else 0.0
