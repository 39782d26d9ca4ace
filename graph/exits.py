"""Exits that need no model: a stop that was reached, a horizon that has passed."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from domain.book import Book, Position
from domain.market import MarketSnapshot
from domain.proposal import Action, TradeProposal
from domain.trade import ExitKind

REVIEW_DAYS = 7
"""A position this close to its horizon (calendar days) is put on the short list."""


class DueExit(NamedTuple):
    """A position that its plan ends now: which part of the plan, and the proposal that closes it."""

    kind: ExitKind
    proposal: TradeProposal


def due_exits(book: Book, market: MarketSnapshot, *, trailing: bool = False) -> tuple[DueExit, ...]:
    """Propose to close every position whose stop, target or horizon has been reached at the snapshot's prices.

    A `trailing` stop follows the best close since the position was opened, at the plan's distance; never backwards.
    """
    due = []
    for symbol in sorted(book.positions):
        position = book.positions[symbol]
        price = market.price(symbol)
        if trailing:
            position = _trailed(position, market)
        why = _reason(position, price, market.session) if price is not None else None
        if why is None or price is None or book.equity <= 0.0 or is_leaving(book, symbol):
            continue
        kind, reason = why
        due.append(DueExit(kind, closing(position, price, book.equity, reason)))
    return tuple(due)


def is_leaving(book: Book, symbol: str) -> bool:
    """Whether all of a holding is on its way out already."""
    held = book.held(symbol)
    leaving = book.being_sold(symbol) if held > 0 else book.being_bought(symbol)
    return leaving >= abs(held)


def closing(position: Position, price: float, equity: float, reason: str) -> TradeProposal:
    """Propose to close one position, whole; `price` and `equity` in dollars."""
    weight = abs(position.quantity) * price / equity
    return TradeProposal(
        symbol=position.symbol,
        action=Action.SELL if position.quantity > 0 else Action.BUY,
        position_size_pct=min(1.0, max(weight, 1e-6)),
        reason=reason,
        confidence=0.5,
        risk_level="low",
        expected_upside_pct=0.0,
        worst_case_loss_pct=0.0,
        time_horizon_days=1,
    )


def running_out(book: Book, session: date) -> tuple[str, ...]:
    """List holdings whose thesis ends within a week: they deserve a fresh look."""
    return tuple(
        symbol
        for symbol, position in sorted(book.positions.items())
        if position.plan and (position.plan.horizon - session).days <= REVIEW_DAYS
    )


def held_since(book: Book) -> Mapping[str, date]:
    """Map each holding to the session it was opened in."""
    return {symbol: position.opened or book.session for symbol, position in book.positions.items()}


def _trailed(position: Position, market: MarketSnapshot) -> Position:
    plan, bars, opened = position.plan, market.history.get(position.symbol), position.opened
    if plan is None or bars is None or opened is None:
        return position
    since = [close for day, close in zip(market.sessions, bars.closes, strict=True) if day >= opened]
    if not since:
        return position
    if position.quantity > 0:
        stop = max(plan.stop_price, max(since) * (1.0 - plan.stop_distance))
    else:
        stop = min(plan.stop_price, min(since) * (1.0 + plan.stop_distance))
    return position.model_copy(update={"plan": plan.model_copy(update={"stop_price": stop})})


def _reason(position: Position, price: float, session: date) -> tuple[ExitKind, str] | None:
    plan = position.plan
    if plan is None:
        return None
    long = position.quantity > 0
    if price <= plan.stop_price if long else price >= plan.stop_price:
        return ExitKind.STOP, f"Stop {plan.stop_price:.2f} was reached: last price {price:.2f}"
    target = plan.take_profit_price
    if target is not None and (price >= target if long else price <= target):
        return ExitKind.TARGET, f"Target {target:.2f} was reached: last price {price:.2f}"
    if session >= plan.horizon:
        return ExitKind.HORIZON, f"The horizon {plan.horizon.isoformat()} of this position has passed"
    return None
