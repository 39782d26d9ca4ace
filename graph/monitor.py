"""What is proposed without any analyst: exits that are due, and reductions of what has outgrown a limit."""

from domain.market import MarketSnapshot
from domain.proposal import Origin
from domain.verdict import Outcome
from graph.batches import Draft
from graph.context import Context
from graph.exits import due_exits
from graph.passive import deadline, is_reduction, passive_breaches, reductions
from graph.views import book_of


def overdue(ctx: Context, market: MarketSnapshot) -> frozenset[str]:
    """Name the symbols that the last session should have reduced: their deadline has passed."""
    earlier = ctx.ledger.proposals(ctx.portfolio, session=market.sessions[-1], origin=Origin.MONITOR)
    return frozenset(record.proposal.symbol for record in earlier if is_reduction(record.proposal))


def monitored(ctx: Context, market: MarketSnapshot) -> list[Draft]:
    """Look at every holding: its exit plan first, then the limits of the book; what exceeds one is audited."""
    book = book_of(ctx, market)
    exits = due_exits(book, market, trailing=ctx.mandate.trailing_stop)
    leaving = {due.proposal.symbol for due in exits}
    breaches = [breach for breach in passive_breaches(ctx.rooms, book, market) if breach.symbol not in leaving]
    late = overdue(ctx, market)
    for breach in breaches:
        result = breach.result
        action = "limit_exceeded" if result.outcome is Outcome.HARD else "limit_alert"
        if action == "limit_exceeded" and breach.symbol in late:
            action = "limit_overdue"
        said: dict[str, str | int | float | bool | None] = {
            "rule": result.rule,
            "message": result.message,
            "session": market.session.isoformat(),
            "deadline": deadline(market).isoformat() if result.outcome is Outcome.HARD else None,
        }
        ctx.ledger.audit(ctx.portfolio, action, breach.symbol, said, "monitor")
    drafts = [Draft(Origin.MONITOR, due.proposal, due.kind) for due in exits]
    return drafts + [Draft(Origin.MONITOR, proposal) for proposal in reductions(breaches, book, market)]
