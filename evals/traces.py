"""What a run, an answer and an outcome say to an observer: rows made from the ledger alone, each under a fixed id."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from domain.episodes import Span, TradeOutcome
from domain.errors import NotFound
from domain.outbox import OutboxItem
from domain.records import ProposalRecord
from domain.storage import Ledger

TOPIC = "trace"


class Row(NamedTuple):
    """One span: `id` names it for good, `parent` the span it belongs to; `event` is what the observer stores."""

    id: str
    parent: str | None
    name: str
    kind: str
    event: dict[str, Any]


class Feedback(NamedTuple):
    """Something learned later about a span: scores are fractions, `expected` what a person wanted instead."""

    id: str
    scores: dict[str, float]
    expected: dict[str, Any] | None
    metadata: dict[str, Any]
    human: bool


def told_by(ledger: Ledger, item: OutboxItem) -> list[Row | Feedback]:
    """Turn one message of the outbox into rows; the same message makes the same rows.

    Raises:
        NotFound: the ledger does not have what the message names.
    """
    payload = item.payload
    if payload["type"] == "run":
        return list(_run(ledger, item.portfolio, str(payload["slot"])))
    if payload["type"] == "answer":
        return list(_answer(ledger, str(payload["proposal"]), int(str(payload["version"]))))
    return list(_outcome(ledger, str(payload["episode"]), Span(str(payload["span"]))))


def _run(ledger: Ledger, portfolio: str, slot: str) -> Iterator[Row]:
    run = ledger.run(portfolio, slot)
    if run is None:
        raise NotFound(f"portfolio {portfolio!r} has no run {slot!r}")
    root = f"run:{portfolio}/{slot}"
    calls = ledger.calls(portfolio, slot)
    proposals = ledger.proposals(portfolio, slot=slot)
    yield Row(
        root,
        None,
        f"run {slot}",
        "task",
        {
            "input": {"portfolio": portfolio, "slot": slot, "session": run.session.isoformat()},
            "output": {"status": run.status.value, "proposals": len(proposals), "undecided": dict(run.undecided)},
            "metadata": {"analyst": run.analyst, "snapshot": run.snapshot_digest, "scan": run.scan_digest},
            "metrics": {
                "prompt_tokens": sum(call.prompt_tokens for call in calls),
                "completion_tokens": sum(call.completion_tokens for call in calls),
                "cost_usd": sum(call.cost_usd for call in calls),
            },
        },
    )
    for thesis in ledger.theses(portfolio, slot):
        event = {"input": {"symbol": thesis.symbol}, "output": thesis.model_dump(mode="json")}
        yield Row(f"thesis:{portfolio}/{slot}/{thesis.symbol}", root, f"thesis {thesis.symbol}", "llm", event)
    for record in proposals:
        yield _proposal(record, root)


def _proposal(record: ProposalRecord, parent: str | None) -> Row:
    verdict = record.first_verdict or record.verdict
    return Row(
        f"proposal:{record.id}",
        parent,
        f"proposal {record.proposal.symbol}",
        "function",
        {
            "input": record.proposal.model_dump(mode="json"),
            "output": {
                "decision": verdict.decision.value if verdict else "none",
                "quantity": verdict.quantity if verdict else 0.0,
                "breached": list(verdict.breached) if verdict else [],
            },
            "metadata": {"portfolio": record.portfolio, "origin": record.origin.value, "session": str(record.session)},
        },
    )


def _answer(ledger: Ledger, proposal_id: str, version: int) -> Iterator[Row | Feedback]:
    record, approval = ledger.proposal(proposal_id), ledger.approval(proposal_id, version)
    if approval is None:
        raise NotFound(f"P-{proposal_id} v{version} has no answer")
    if record.slot is None:
        yield _proposal(record, None)
    yield Feedback(
        f"proposal:{proposal_id}",
        {"approved": float(approval.answer == "approve")},
        {"answer": approval.answer, "quantity": approval.quantity, "reason": approval.reason, "by": approval.by},
        {"channel": approval.channel, "hindsight": approval.hindsight},
        human=approval.by not in {"clock", "desk"},
    )


def _outcome(ledger: Ledger, episode_id: str, span: Span) -> Iterator[Feedback]:
    judged = ledger.episode(episode_id)
    outcome = judged.after(span) if judged else None
    if judged is None or outcome is None:
        raise NotFound(f"episode {episode_id} has no outcome after {span.value}")
    episode = judged.episode
    name = (
        f"proposal:{episode.id}"
        if episode.proposal_id
        else f"thesis:{episode.portfolio}/{episode.slot}/{episode.symbol}"
    )
    yield Feedback(
        name, _scores(outcome), None, {f"gain_{span.value}": outcome.gain, "traded": outcome.traded}, human=False
    )


def _scores(outcome: TradeOutcome) -> dict[str, float]:
    scores = {f"ended_higher_{outcome.span.value}": float(outcome.gain > 0.0)}
    if outcome.excess is not None:
        scores[f"beat_benchmark_{outcome.span.value}"] = float(outcome.excess > 0.0)
    return scores
