"""How much of each limit the book uses now, and what it would lose in bad months."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import cache

import numpy as np

from domain.book import Book
from domain.errors import DeskError
from domain.market import MarketSnapshot
from domain.ports import MarketData
from domain.proposal import Action, Origin, TradeProposal
from domain.trade import Trade, side_of
from domain.value import Value
from domain.verdict import Outcome, Phase, RuleResult
from graph.gate import Judge
from graph.sizing import exit_plan
from quant.moments import ewma_volatility
from quant.returns import simple_returns

OF_THE_BOOK = frozenset(
    {
        "max_position_weight",
        "max_sector_weight",
        "max_leverage",
        "cash_buffer",
        "correlation_limit",
        "portfolio_volatility",
        "value_at_risk",
        "drawdown",
        "daily_loss",
        "turnover",
        "open_positions",
        "liquidity",
    }
)
"""Rules that say something about what is held, not only about a trade."""
BAD_MONTHS = {
    "October 2008": (date(2008, 10, 1), date(2008, 11, 3)),
    "March 2020": (date(2020, 3, 2), date(2020, 4, 1)),
}
"""First session of the month, and the first session after it."""
SIGMAS = 3.0
SESSIONS_A_YEAR = 252


class LimitUse(Value):
    """One limit: the worst of what it measures, for which symbol, and the share of the soft limit that is used."""

    result: RuleResult
    symbol: str
    used: float | None


class Stress(Value):
    """What the book would gain or lose, as a fraction of equity; None where the feed can't say."""

    scenario: str
    change: float | None
    note: str = ""


def limit_uses(engine: Judge, book: Book, market: MarketSnapshot, symbols: Sequence[str]) -> tuple[LimitUse, ...]:
    """Ask every rule about a purchase of nothing, symbol by symbol, and keep the worst answer of each."""
    worst: dict[str, LimitUse] = {}
    for symbol in sorted(book.positions) or list(symbols)[:1]:
        if symbol not in market.history:
            continue
        for result in ask_of_nothing(engine, symbol, book, market):
            use = LimitUse(result=result, symbol=symbol, used=_used(result))
            known = worst.get(result.rule)
            if result.rule in OF_THE_BOOK and (known is None or (use.used or 0.0) > (known.used or 0.0)):
                worst[result.rule] = use
    return tuple(worst.values())


def stresses(book: Book, market: MarketSnapshot, feed: MarketData) -> tuple[Stress, ...]:
    """Let the book live through the bad months again, and through a day of three standard deviations either way."""
    weights = {
        symbol: position.quantity * (market.price(symbol) or 0.0) / book.equity
        for symbol, position in book.positions.items()
        if book.equity > 0.0
    }
    months = [_month(name, first, after, weights, market, feed) for name, (first, after) in BAD_MONTHS.items()]
    sigma = _daily_sigma(weights, market)
    return (
        *months,
        Stress(scenario=f"a day of -{SIGMAS:g} sigma", change=-SIGMAS * sigma),
        Stress(scenario=f"a day of +{SIGMAS:g} sigma", change=SIGMAS * sigma),
    )


def ask_of_nothing(engine: Judge, symbol: str, book: Book, market: MarketSnapshot) -> tuple[RuleResult, ...]:
    """Ask every rule about a purchase of no units of `symbol`: what they measure is the book as it stands."""
    nothing = _nothing(symbol, market)
    plan = exit_plan(nothing.proposal, nothing.side, nothing.price, market)
    return engine.evaluate(nothing.model_copy(update={"plan": plan}), book, market, Phase.FIRST).results


def measure_nothing(
    engine: Judge, symbol: str, book: Book, market: MarketSnapshot, rules: Collection[str]
) -> tuple[RuleResult, ...]:
    """Ask the rules that are named, none of which reads an exit plan; for who looks at every holding at every run."""
    return engine.measure(_nothing(symbol, market), book, market, rules)


def _nothing(symbol: str, market: MarketSnapshot) -> Trade:
    return Trade(
        proposal_id="nothing",
        proposal=_proposed(symbol),
        origin=Origin.PERSON,
        side=side_of(Action.BUY),
        asked_quantity=0.0,
        quantity=0.0,
        price=market.history[symbol].price,
    )


@cache
def _proposed(symbol: str) -> TradeProposal:
    return TradeProposal(
        symbol=symbol,
        action=Action.BUY,
        position_size_pct=1e-9,
        reason="how much of each limit is used",
        confidence=1.0,
        risk_level="low",
        expected_upside_pct=1.0,
        worst_case_loss_pct=1.0,
        time_horizon_days=1,
    )


def _used(result: RuleResult) -> float | None:
    """The share of the soft limit in use; where a low number is the bad one, the other way round."""
    if result.observed is None or result.soft is None or result.outcome is Outcome.NOT_APPLICABLE:
        return None
    low_is_bad = result.hard is not None and result.hard < result.soft
    above, below = (result.soft, result.observed) if low_is_bad else (result.observed, result.soft)
    return max(above, 0.0) / below if below > 0.0 else 1.0


def _month(
    name: str, first: date, after: date, weights: Mapping[str, float], market: MarketSnapshot, feed: MarketData
) -> Stress:
    if after > market.session:
        return Stress(scenario=name, change=None, note="it has not happened yet on the portfolio's clock")
    try:
        then = feed.snapshot(tuple(weights), after, feed.opens(after))
    except DeskError as error:
        return Stress(scenario=name, change=None, note=error.message)
    start = sum(day < first for day in then.sessions) - 1
    lost = sum(
        weight * (then.history[s].last_close / then.history[s].closes[start] - 1.0) for s, weight in weights.items()
    )
    return Stress(scenario=name, change=lost)


def _daily_sigma(weights: Mapping[str, float], market: MarketSnapshot) -> float:
    if not weights:
        return 0.0
    closes = np.column_stack([market.history[symbol].closes for symbol in weights])
    book = simple_returns(closes) @ np.array(list(weights.values()))
    return float(ewma_volatility(book)) / float(np.sqrt(SESSIONS_A_YEAR))
