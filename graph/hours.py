"""When a proposal may be assessed: in replay always, live only while the exchange is open."""

from datetime import datetime, timedelta

from domain.records import ProposalRecord, ProposalStatus
from graph.context import Context

HELD_BACK = frozenset({ProposalStatus.SCHEDULED, ProposalStatus.JUDGED, ProposalStatus.APPROVED})
"""What would be judged, asked about or sent next; everything else only has to be followed to its end."""


def may_settle(ctx: Context, record: ProposalRecord) -> bool:
    """Whether a proposal can be moved now.

    What was decided before the open waits for the first minutes of the session to pass, exits only for the open.
    """
    if ctx.clock.replay or record.status not in HELD_BACK:
        return True
    return settles_at(ctx, record) <= ctx.clock.now() < ctx.market.closes(record.session)


def settles_at(ctx: Context, record: ProposalRecord) -> datetime:
    """Tell from when on a proposal may be assessed (market time)."""
    opens = ctx.market.opens(record.session)
    if record.created_at >= opens or (record.trade is not None and record.trade.reduces):
        return opens
    return opens + timedelta(minutes=ctx.mandate.schedule.settle_after_minutes)
