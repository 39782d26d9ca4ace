"""Read the book and the desk of a context at a snapshot's prices, without the lock."""

from domain.book import Book
from domain.market import MarketSnapshot
from domain.records import ProposalStatus
from domain.research import Desk
from domain.scan import Scan
from graph.context import Context, Floor
from graph.desk import describe_desk
from graph.priced import priced_symbols

WAITING = (ProposalStatus.AWAITING, ProposalStatus.APPROVED, ProposalStatus.JUDGED, ProposalStatus.EXECUTING)


def market_now(ctx: Floor) -> MarketSnapshot:
    """What is known now of the universe and of whatever else is held; in replay, what was known before the open."""
    session = ctx.clock.session()
    as_of = ctx.market.opens(session) if ctx.clock.replay else ctx.clock.now()
    return ctx.market.snapshot(priced_symbols(ctx.mandate, ctx.ledger), session, as_of)


def book_of(ctx: Floor, market: MarketSnapshot) -> Book:
    """The portfolio's book at the snapshot's prices."""
    prices = {symbol: bars.price for symbol, bars in market.history.items()}
    return ctx.ledger.book(ctx.portfolio, market.session, prices)


def desk_of(ctx: Context, scan: Scan) -> Desk:
    """The portfolio as the analyst is shown it."""
    market = ctx.ledger.snapshot(scan.snapshot_digest)
    book = book_of(ctx, market)
    waiting = {record.proposal.symbol for record in ctx.ledger.proposals(ctx.portfolio, statuses=WAITING)}
    return describe_desk(
        ctx.mandate,
        book,
        market,
        ctx.rooms.room(book, market),
        waiting=waiting,
        reviews=scan.reviews,
        min_order_pct=min(1.0, ctx.rooms.min_order(book.equity) / book.equity) if book.equity > 0 else 1.0,
    )
