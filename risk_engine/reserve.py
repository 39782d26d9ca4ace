"""What a judged trade leaves behind for those judged after it."""

from domain.book import Book, RecentProposal, Reservation, TradeToday
from domain.trade import Trade


def remembered(book: Book, trade: Trade, payload_hash: str) -> Book:
    """The book after the trade was judged: one more proposal of the session, however it ended."""
    seen = RecentProposal(
        proposal_id=trade.proposal_id,
        symbol=trade.symbol,
        side=trade.side,
        payload_hash=payload_hash,
    )
    return book.model_copy(update={"recent": (*book.recent, seen)})


def reserved(book: Book, trade: Trade, quantity: float, *, is_exit: bool) -> Book:
    """The book after `quantity` units of the trade were let through or wait for a person."""
    name, symbol, side = trade.proposal_id, trade.symbol, trade.side
    risk = quantity * trade.price * trade.plan.stop_distance if trade.plan else 0.0
    return book.with_reservation(
        Reservation(
            proposal_id=name,
            symbol=symbol,
            side=side,
            quantity=quantity,
            price=trade.price,
            stop_risk=risk,
            reduces=is_exit,
        ),
        TradeToday(proposal_id=name, symbol=symbol, side=side, notional=quantity * trade.price, entry=not is_exit),
    )
