"""The portfolio as the analyst is shown it: holdings, room under each limit, and what waits."""

from bisect import bisect_left
from collections.abc import Collection
from datetime import date

from domain.book import Book
from domain.mandate import Mandate
from domain.market import MarketSnapshot
from domain.research import Desk, HeldPosition, Room


def describe_desk(
    mandate: Mandate,
    book: Book,
    market: MarketSnapshot,
    room: Room,
    *,
    waiting: Collection[str],
    reviews: Collection[str],
    min_order_pct: float,
) -> Desk:
    """Tell the analyst what it may work with; weights, gains and room are fractions of equity."""
    positions = tuple(
        HeldPosition(
            symbol=symbol,
            quantity=position.quantity,
            weight=round(position.quantity * (market.price(symbol) or 0.0) / book.equity, 6),
            gain=round((market.price(symbol) or 0.0) / position.average_price - 1.0, 6)
            if position.average_price
            else 0.0,
            held_sessions=_sessions_since(market, position.opened),
            review=symbol in reviews,
        )
        for symbol, position in sorted(book.positions.items())
    )
    return Desk(
        portfolio=mandate.name,
        equity=round(book.equity, 2),
        cash=round(book.cash, 2),
        positions=positions,
        waiting=tuple(sorted(waiting)),
        room=room,
        target_position_pct=mandate.target_position_pct,
        min_order_pct=min_order_pct,
        names={symbol: member.name for symbol, member in mandate.universe.items()},
        sectors={symbol: member.sector for symbol, member in mandate.universe.items()},
    )


def _sessions_since(market: MarketSnapshot, opened: date | None) -> int:
    return 0 if opened is None else len(market.sessions) - bisect_left(market.sessions, opened)
