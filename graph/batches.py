"""Write proposals into the ledger, sized, in one batch; the same batch twice is one batch."""

from collections.abc import Sequence
from typing import NamedTuple

from domain.errors import BadProposal
from domain.ids import short_id
from domain.market import MarketSnapshot
from domain.proposal import Action, Origin, TradeProposal
from domain.records import NewProposal, ProposalRecord
from domain.scan import Fact
from domain.trade import ExitKind
from graph.context import Context
from graph.episodes import remember_proposals
from graph.sizing import size
from graph.views import book_of


class Draft(NamedTuple):
    """A proposal on its way into a batch: whose idea it is, what a monitor's exit acts on, what is not in the data."""

    origin: Origin
    proposal: TradeProposal
    exit_kind: ExitKind | None = None
    ungrounded: tuple[str, ...] = ()


def batch_of_run(portfolio: str, slot: str) -> str:
    """Name the batch of a run."""
    return short_id("run", portfolio, slot)


def batch_of_person(ctx: Context, proposals: Sequence[TradeProposal]) -> str:
    """Name a person's batch: the same file proposed again in the same session is another batch."""
    session = ctx.clock.session()
    earlier = ctx.ledger.batches(ctx.portfolio, session)
    return short_id("person", ctx.portfolio, session.isoformat(), earlier, *(p.payload_hash for p in proposals))


def add_proposals(
    ctx: Context,
    batch_id: str,
    slot: str | None,
    market: MarketSnapshot,
    batch: Sequence[Draft],
    facts: Sequence[Fact] = (),
) -> tuple[ProposalRecord, ...]:
    """Size and store a batch; HOLD is remembered at once.

    Raises:
        BadProposal: a symbol neither in the mandate nor held; nothing is stored.
    """
    book = book_of(ctx, market)
    for draft in batch:
        if draft.proposal.symbol not in ctx.mandate.universe and draft.proposal.symbol not in book.positions:
            known = ", ".join(sorted(ctx.mandate.universe))
            raise BadProposal(f"{draft.proposal.symbol} is not in the mandate of {ctx.portfolio!r}", f"it has: {known}")
    new = []
    for rank, (origin, proposal, kind, ungrounded) in enumerate(batch):
        proposal_id = short_id(batch_id, rank, proposal.payload_hash)
        cited = tuple(fact for fact in facts if fact.id in proposal.evidence)
        trade = size(
            proposal_id,
            proposal,
            origin,
            book,
            market,
            facts=cited,
            min_order=ctx.rooms.min_order(book.equity),
            exit_kind=kind,
            limits=ctx.rooms.size_limits(),
            ungrounded=ungrounded,
        )
        new.append(
            NewProposal(id=proposal_id, origin=origin, proposal=proposal, trade=trade, facts=cited, exit_kind=kind)
        )
    stored = ctx.ledger.add_batch(ctx.portfolio, batch_id, slot, market.session, new, ctx.clock.now())
    remember_proposals(ctx, [record for record in stored if record.proposal.action is Action.HOLD])
    return stored
