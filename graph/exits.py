"""Exits that need no model: a stop that was reached, a horizon that has passed."""

from collections.abc import Mapping
from datetime import date

from domain.book import Book, Position
from domain.market import MarketSnapshot
from domain.proposal import Action, TradeProposal

REVIEW_DAYS = 7
"""A position this close to its horizon (calendar days) is put on the short list."""


def due_exits(book: Book, market: MarketSnapshot) -> tuple[TradeProposal, ...]:
    """Propose to close every position whose stop, target or horizon has been reached at the snapshot's prices."""
    due = []
    for symbol in sorted(book.positions):
        position = book.positions[symbol]
        price = market.price(symbol)
        why = _reason(position, price, market.session) if price is not None else None
        if why is None or price is None or book.equity <= 0.0 or book.being_sold(symbol) >= abs(position.quantity):
            continue
        weight = abs(position.quantity) * price / book.equity
        due.append(
            TradeProposal(
                symbol=symbol,
                action=Action.SELL if position.quantity > 0 else Action.BUY,
                position_size_pct=min(1.0, max(weight, 1e-6)),
                reason=why,
                confidence=0.5,
                risk_level="low",
                expected_upside_pct=0.0,
                worst_case_loss_pct=0.0,
                time_horizon_days=1,
            )
        )
    return tuple(due)


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


def _reason(position: Position, price: float, session: date) -> str | None:
    plan = position.plan
    if plan is None:
        return None
    long = position.quantity > 0
    if price <= plan.stop_price if long else price >= plan.stop_price:
        return f"Stop {plan.stop_price:.2f} was reached: last price {price:.2f}"
    target = plan.take_profit_price
    if target is not None and (price >= target if long else price <= target):
        return f"Target {target:.2f} was reached: last price {price:.2f}"
    if session >= plan.horizon:
        return f"The horizon {plan.horizon.isoformat()} of this position has passed"
    return None
