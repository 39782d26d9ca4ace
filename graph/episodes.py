"""From a settled proposal, or a thesis that led to none, to the episode that is kept for later judgement."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from domain.episodes import Episode, thesis_id
from domain.proposal import Origin
from domain.records import ProposalRecord
from domain.research import Thesis
from domain.scan import Scan
from domain.trade import Side
from domain.verdict import Decision
from graph.context import Context

FIFTHS = 5


def remember_proposals(ctx: Context, records: Sequence[ProposalRecord]) -> None:
    """Open the episodes of proposals whose settling has come to its end; a second call changes nothing."""
    argued = {slot: _argued(ctx, slot) for slot in {record.slot for record in records}}
    ctx.ledger.open_episode(*(_of_proposal(ctx, record, argued[record.slot]) for record in records))


def remember_theses(
    ctx: Context, slot: str, session: date, scan: Scan, undecided: Mapping[str, str], proposed: Collection[str]
) -> None:
    """Open an episode for each thesis of a run whose symbol is none of `proposed`, with the reason if there is one."""
    ctx.ledger.open_episode(
        *(
            _of_thesis(ctx, thesis, slot, session, scan, undecided.get(thesis.symbol, "no proposal came of it"))
            for thesis in ctx.ledger.theses(ctx.portfolio, slot)
            if thesis.symbol not in proposed
        )
    )


class _Argued(NamedTuple):
    """What a run had before it when it argued: its scan, and its theses by symbol."""

    scan: Scan | None
    theses: Mapping[str, Thesis]


def _argued(ctx: Context, slot: str | None) -> _Argued:
    run = ctx.ledger.run(ctx.portfolio, slot) if slot else None
    if slot is None or run is None:
        return _Argued(None, {})
    scan = ctx.ledger.scan(run.scan_digest) if run.scan_digest else None
    return _Argued(scan, {thesis.symbol: thesis for thesis in ctx.ledger.theses(ctx.portfolio, slot)})


def _of_proposal(ctx: Context, record: ProposalRecord, argued: _Argued) -> Episode:
    """Write down one proposal: what was argued, decided, answered and done."""
    proposal, trade, verdict = record.proposal, record.trade, record.verdict
    plan = trade.plan if trade else None
    answer = ctx.ledger.approval(record.id, record.version)
    thesis = argued.theses.get(proposal.symbol) if record.origin in {Origin.MODEL, Origin.QUANT} else None
    return Episode(
        id=record.id,
        proposal_id=record.id,
        portfolio=record.portfolio,
        symbol=proposal.symbol,
        sector=ctx.mandate.sector(proposal.symbol),
        session=record.session,
        slot=record.slot,
        origin=record.origin,
        side=trade.side if trade else None,
        reduces=bool(trade and trade.reduces),
        decision=verdict.decision.value if verdict else "none",
        status=record.status.value,
        problem=record.problem,
        price=trade.price if trade else None,
        confidence=proposal.confidence,
        expected_upside_pct=proposal.expected_upside_pct,
        worst_case_loss_pct=proposal.worst_case_loss_pct,
        horizon=record.session + timedelta(days=proposal.time_horizon_days),
        stop_price=plan.stop_price if plan else None,
        take_profit_price=plan.take_profit_price if plan else None,
        stop_distance=plan.stop_distance if plan else None,
        asked_quantity=trade.asked_quantity if trade else 0.0,
        quantity=record.quantity,
        filled_quantity=record.filled_quantity,
        breached=verdict.breached if verdict else (),
        refused_by=tuple(result.rule for result in verdict.results if result.outcome.rejects) if verdict else (),
        evidence=proposal.evidence,
        reason=proposal.reason,
        bull_case=thesis.bull_case if thesis else "",
        bear_case=thesis.bear_case if thesis else "",
        stance=thesis.stance if thesis else "",
        situation=situation_of(argued.scan, proposal.symbol),
        answered_by=answer.by if answer else "",
        answer=answer.answer if answer else "",
        shown_quantity=_shown(ctx, record) if answer else None,
        approved_quantity=answer.quantity if answer else None,
        opened_at=ctx.clock.now(),
    )


def situation_of(scan: Scan | None, symbol: str) -> dict[str, str]:
    """Name where the desk is with a symbol: style, regime and the fifth of its signal (4 strongest, 0 weakest)."""
    signal = scan.signal_of(symbol) if scan else None
    if scan is None or signal is None:
        return {}
    fifth = FIFTHS - 1 - (signal.rank - 1) * FIFTHS // max(len(scan.signals), 1)
    return {"style": scan.style.value, "regime": scan.regime.value, "signal": str(fifth)}


def _of_thesis(ctx: Context, thesis: Thesis, slot: str, session: date, scan: Scan, problem: str) -> Episode:
    market = ctx.ledger.snapshot(scan.snapshot_digest)
    return Episode(
        id=thesis_id(ctx.portfolio, slot, thesis.symbol),
        portfolio=ctx.portfolio,
        symbol=thesis.symbol,
        sector=ctx.mandate.sector(thesis.symbol),
        session=session,
        slot=slot,
        origin=Origin.QUANT if ctx.analyst.baseline else Origin.MODEL,
        side={"bullish": Side.BUY, "bearish": Side.SELL}.get(thesis.stance),
        decision="none",
        status="undecided",
        problem=problem,
        price=market.price(thesis.symbol),
        confidence=thesis.confidence,
        expected_upside_pct=thesis.expected_upside_pct,
        worst_case_loss_pct=thesis.worst_case_loss_pct,
        horizon=session + timedelta(days=thesis.time_horizon_days),
        evidence=thesis.evidence,
        bull_case=thesis.bull_case,
        bear_case=thesis.bear_case,
        stance=thesis.stance,
        situation=situation_of(scan, thesis.symbol),
        opened_at=ctx.clock.now(),
    )


def _shown(ctx: Context, record: ProposalRecord) -> float | None:
    """What the newest card offered: the verdict that asked, not the one after the answer."""
    asked = [verdict for verdict in ctx.ledger.verdicts(record.id) if verdict.decision is Decision.APPROVAL]
    return asked[-1].quantity if asked else None
