"""From a settled proposal to the episode that is kept for later judgement."""

from datetime import datetime

from domain.records import Episode, ProposalRecord


def episode_of(record: ProposalRecord, at: datetime) -> Episode:
    """Write down one proposal: what was argued, decided and done."""
    verdict = record.verdict
    return Episode(
        proposal_id=record.id,
        portfolio=record.portfolio,
        symbol=record.proposal.symbol,
        session=record.session,
        origin=record.origin,
        decision=verdict.decision.value if verdict else "none",
        status=record.status,
        confidence=record.proposal.confidence,
        asked_quantity=record.trade.asked_quantity if record.trade else 0.0,
        quantity=record.quantity,
        filled_quantity=record.filled_quantity,
        breached=verdict.breached if verdict else (),
        evidence=record.proposal.evidence,
        opened_at=at,
    )
