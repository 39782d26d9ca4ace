"""Turn a proposal's fraction of equity into units, never more than asked, with a way out attached."""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

import numpy as np

from domain.book import Book
from domain.errors import BadProposal
from domain.market import Execution, MarketSnapshot
from domain.proposal import Action, Origin, TradeProposal
from domain.scan import Fact
from domain.trade import ExitKind, ExitPlan, Side, SizeLimits, Trade, side_of
from quant.moments import ewma_volatility, mean_abs_move
from quant.returns import simple_returns

CLOSING_SHARE = 0.98
"""A sale of this share of the holding or more closes it."""
NOISE_MULTIPLE = 2.5
"""A stop stands at least this many mean absolute daily moves away."""
TINY = 1e-9
SMALLEST_PRICE = 0.0001
NO_LIMITS = SizeLimits()


def size(
    proposal_id: str,
    proposal: TradeProposal,
    origin: Origin,
    book: Book,
    market: MarketSnapshot,
    *,
    facts: Sequence[Fact] = (),
    version: int = 1,
    lot: float = 1.0,
    min_order: float = 0.0,
    exit_kind: ExitKind | None = None,
    limits: SizeLimits = NO_LIMITS,
    ungrounded: tuple[str, ...] = (),
) -> Trade | None:
    """Size one proposal on `book` at the snapshot's prices; None for HOLD.

    `lot` is the smallest unit in shares, `min_order` the smallest order in dollars. An entry is cut to what `limits`
    and the origin's calibration leave, whichever is least; `sized_by` says which.

    Raises:
        BadProposal: the snapshot has no price for the symbol.
    """
    if proposal.action is Action.HOLD:
        return None
    price = market.price(proposal.symbol)
    if price is None:
        raise BadProposal(
            f"{proposal.symbol}: the feed {market.feed!r} has no price", "propose a symbol of the mandate"
        )
    if proposal.limit_price is not None:
        price = proposal.limit_price
    side = side_of(proposal.action)
    asked = _down(proposal.position_size_pct * max(book.equity, 0.0) / price, lot)
    quantity, reduces, sized_by = _clamp(asked, side, proposal.symbol, book, price, min_order)
    plan = None if reduces else exit_plan(proposal, side, price, market)
    if plan is not None:
        caps = dict(_caps(proposal, origin, book, market, plan, price, limits))
        quantity, sized_by = _cut(asked, {name: _down(max(most, 0.0), lot) for name, most in caps.items()})
    return Trade(
        proposal_id=proposal_id,
        version=version,
        proposal=proposal,
        origin=origin,
        side=side,
        asked_quantity=quantity if reduces else asked,
        quantity=quantity,
        price=price,
        lot=lot,
        reduces=reduces,
        exit_kind=exit_kind,
        plan=plan,
        cited=tuple(fact for fact in facts if fact.id in proposal.evidence),
        ungrounded=ungrounded,
        sized_by=sized_by,
    )


def exit_plan(proposal: TradeProposal, side: Side, price: float, market: MarketSnapshot) -> ExitPlan:
    """Attach a stop outside the symbol's noise, the target that was asked for, and the last session to hold.

    The distance is max(worst_case_loss_pct, 2.5 x mean absolute daily move of 14 sessions), as a fraction of `price`;
    a stop of the proposal's own is kept, but the risk is never reckoned on less than that distance.
    """
    closes = np.asarray(market.history[proposal.symbol].closes)
    noise = NOISE_MULTIPLE * float(mean_abs_move(closes))
    distance = min(max(proposal.worst_case_loss_pct / 100.0, noise, 0.001), 0.95)
    sign = 1.0 if side is Side.BUY else -1.0
    stop = proposal.stop_price if proposal.stop_price is not None else price * (1.0 - sign * distance)
    return ExitPlan(
        stop_price=max(round(stop, 4), SMALLEST_PRICE),
        take_profit_price=proposal.take_profit_price,
        stop_distance=max(distance, abs(price - stop) / price),
        horizon=market.session + timedelta(days=proposal.time_horizon_days),
    )


def _clamp(
    asked: float, side: Side, symbol: str, book: Book, price: float, min_order: float
) -> tuple[float, bool, tuple[str, ...]]:
    """Keep a reducing trade within what is held and not on its way out: quantity, whether it reduces, what cut it."""
    held = book.held(symbol) if side is Side.SELL else -book.held(symbol)
    if held <= TINY:
        return asked, False, ()
    leaving = book.being_sold(symbol) if side is Side.SELL else book.being_bought(symbol)
    free = max(held - leaving, 0.0)
    if asked >= free:
        return free, True, ("holding",) if asked > free else ()
    if asked >= CLOSING_SHARE * held or (free - asked) * price < min_order:
        return free, True, ("closes_position",)
    return asked, True, ()


def _caps(
    proposal: TradeProposal,
    origin: Origin,
    book: Book,
    market: MarketSnapshot,
    plan: ExitPlan,
    price: float,
    limits: SizeLimits,
) -> Iterator[tuple[str, float]]:
    """Give the most units that each limit leaves, one after the other."""
    equity = max(book.equity, 0.0)
    volatility = _volatility(market, proposal.symbol, limits.span)
    if limits.position_volatility is not None and volatility > 0.0:
        # What others have reserved is the rules' business: a newer proposal may supersede the one that waits.
        side, held = side_of(proposal.action), book.held(proposal.symbol)
        on_its_way = sum(o.quantity for o in book.working if (o.symbol, o.side) == (proposal.symbol, side))
        there = max(held if side is Side.BUY else -held, 0.0) + on_its_way
        yield "volatility_budget", limits.position_volatility * equity / (volatility * price) - there
    if limits.stop_risk is not None:
        factor = limits.close_factor if market.execution is Execution.CLOSE else 1.0
        yield "stop_distance", limits.stop_risk * equity / (plan.stop_distance * factor * price)
    calibration = book.calibrations.get(origin)
    if calibration is not None:
        most = proposal.position_size_pct * equity / price
        yield "calibration", most * calibration.multiplier(proposal.confidence)


def _cut(asked: float, caps: Mapping[str, float]) -> tuple[float, tuple[str, ...]]:
    least = min(asked, *caps.values()) if caps else asked
    return least, tuple(name for name, most in caps.items() if most <= least + TINY and least < asked - TINY)


def _volatility(market: MarketSnapshot, symbol: str, span: int) -> float:
    """Annualised EWMA volatility, a fraction; 0 where too little is known, which `volatility_limit` speaks about."""
    closes = np.asarray(market.history[symbol].closes)
    return float(ewma_volatility(simple_returns(closes), span)) if len(closes) > span else 0.0


def _down(units: float, lot: float) -> float:
    return math.floor(units / lot + TINY) * lot
