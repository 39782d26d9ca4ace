"""What a judged trade leaves behind for those judged after it."""

from domain.book import Book, RecentProposal, Reservation, TradeToday
from domain.trade import Trade


def remembered(book: Book, trade: Trade, payload_hash: str, taken: float, *, is_exit: bool) -> Book:
    """The book after the trade was judged: one more proposal of the session, however it ended.

    `taken` is the quantity that was let through or waits for a person; 0 when the trade was refused.
    """
    name, symbol, side = trade.proposal_id, trade.symbol, trade.side
    seen = RecentProposal(proposal_id=name, symbol=symbol, side=side, payload_hash=payload_hash)
    if taken <= 0.0:
        return book.model_copy(update={"recent": (*book.recent, seen)})
    risk = taken * trade.price * trade.plan.stop_distance if trade.plan else 0.0
    room = Reservation(
        proposal_id=name,
        symbol=symbol,
        side=side,
        quantity=taken,
        price=trade.price,
        stop_risk=risk,
        reduces=is_exit,
    )
    today = TradeToday(proposal_id=name, symbol=symbol, side=side, notional=taken * trade.price, entry=not is_exit)
    return book.model_copy(
        update={
            "recent": (*book.recent, seen),
            "reservations": (*book.reservations, room),
            "trades_today": (*book.trades_today, today),
        }
    )
