"""What the desk remembers when it decides: how earlier decisions of the same kind ended, and similar ones in words."""

from collections.abc import Iterable

from domain.episodes import Episode, Judged, Span, situation_text
from domain.market import MarketSnapshot
from domain.proposal import Origin
from domain.records import ProposalStatus
from domain.research import Memory
from domain.scan import Fact, Scan
from domain.trade import Side
from graph.context import Context
from graph.episodes import situation_of

LOOKED_AT = 60
"""So many of the most similar episodes of a symbol are compared with where the desk is now."""
ENOUGH = 10
"""Fewer decisions of a kind than this are an anecdote, not a record."""
TOLD = 3
"""So many memories go into one question."""
INDEXED_AT_ONCE = 500
TOPIC = "episode"


def index_new(ctx: Context) -> int:
    """Put episodes that were opened since the last time into the index; return how many."""
    if ctx.recall is None:
        return 0
    count = 0
    while items := ctx.ledger.claim_outbox([TOPIC], ctx.clock.wall(), limit=INDEXED_AT_ONCE):
        for item in items:
            judged = ctx.ledger.episode(str(item.payload["id"]))
            if judged is not None:
                ctx.recall.add(judged.episode)
            ctx.ledger.outbox_done(item.key, ctx.clock.wall())
            count += 1
    return count


def with_records(ctx: Context, scan: Scan, market: MarketSnapshot) -> Scan:
    """Add, for each short-listed symbol, how its earlier purchases in this very situation ended: two facts, or none.

    Only what was complete before the scan's session counts, and only from ten decisions on.
    """
    if not _remembers(ctx, scan):
        return scan
    index_new(ctx)
    facts = [fact for symbol in scan.shortlist for fact in _record(ctx, scan, market, symbol)]
    return scan.model_copy(update={"facts": (*scan.facts, *facts)}) if facts else scan


def memories(ctx: Context, scan: Scan, symbols: Iterable[str]) -> tuple[Memory, ...]:
    """Recall the decisions most like those that are at hand, each with its date and with what came of it."""
    if not _remembers(ctx, scan):
        return ()
    found = {
        judged.episode.id: judged
        for symbol in symbols
        for judged in _similar(ctx, scan, symbol, TOLD)
        if judged.outcomes
    }
    return tuple(_in_words(judged) for judged in found.values())


def _remembers(ctx: Context, scan: Scan) -> bool:
    """Before anything has come of anything there is nothing to look for, and Mem0 need not be loaded."""
    return ctx.recall is not None and ctx.ledger.any_outcome(ctx.portfolio, scan.session)


def _record(ctx: Context, scan: Scan, market: MarketSnapshot, symbol: str) -> Iterable[Fact]:
    here = situation_of(scan, symbol)
    alike = [
        end.gain
        for judged in _similar(ctx, scan, symbol, LOOKED_AT)
        if judged.episode.situation == here and judged.episode.side is Side.BUY and not judged.episode.reduces
        if (end := judged.after(Span.HORIZON)) is not None
    ]
    if len(alike) < ENOUGH:
        return
    share, mean = sum(gain > 0.0 for gain in alike) / len(alike), sum(alike) / len(alike)
    text = f"of {len(alike)} earlier decisions to buy it like now {share:.1%} ended higher at their horizon"
    day = market.sessions[-1]
    yield Fact(id=f"{symbol}.own_record_share", text=text, value=round(share, 6), session=day)
    text = f"those {len(alike)} decisions made {mean:+.1%} on average, net of cost"
    yield Fact(id=f"{symbol}.own_record_gain", text=text, value=round(mean, 6), session=day)


def _similar(ctx: Context, scan: Scan, symbol: str, limit: int) -> list[Judged]:
    assert ctx.recall is not None
    asked = Episode(
        id="now",
        portfolio=ctx.portfolio,
        symbol=symbol,
        sector=ctx.mandate.sector(symbol),
        session=scan.session,
        origin=Origin.MODEL,
        side=Side.BUY,
        decision="none",
        status=ProposalStatus.SCHEDULED.value,
        confidence=0.5,
        situation=situation_of(scan, symbol),
        opened_at=ctx.clock.now(),
    )
    ids = ctx.recall.similar(situation_text(asked), ctx.portfolio, scan.session, symbol=symbol, limit=limit)
    known = (ctx.ledger.episode(name, known_before=scan.session) for name in ids)
    return [judged for judged in known if judged is not None]


def _in_words(judged: Judged) -> Memory:
    episode, last = judged.episode, judged.outcomes[-1]
    where = ", ".join(f"{name} {value}" for name, value in sorted(episode.situation.items()))
    did = "traded" if last.traded else "not traded"
    text = (
        f"{episode.side.value if episode.side else 'HOLD'} at confidence {episode.confidence:.2f} ({where}): "
        f"{episode.decision}, {did}; after {last.sessions} sessions {last.gain:+.1%} net of cost."
    )
    return Memory(episode_id=episode.id, at=episode.opened_at, symbol=episode.symbol, text=text)
