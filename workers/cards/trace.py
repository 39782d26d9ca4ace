"""Why a proposal stands where it does, from what is stored: the argument, every rule that spoke, the answers."""

from domain.proposal import TradeProposal
from domain.records import Approval
from domain.research import ModelCall
from domain.verdict import Outcome, RiskVerdict, RuleResult
from workers.cards.text import clock_time, escape, joined, quoted
from workers.cards.view import CardView
from workers.cli.output import percent, units

QUIET = frozenset({Outcome.PASS, Outcome.NOT_APPLICABLE, Outcome.DISABLED})


def trace(view: CardView, verdicts: tuple[RiskVerdict, ...], calls: tuple[ModelCall, ...]) -> str:
    """Tell the whole story of a proposal, strictest rules first; no model is asked."""
    record, proposal = view.record, view.record.proposal
    lines = [
        f"<b>❓ WHY</b>  P-{record.id} v{record.version} · {record.status.value}",
        f"{escape(record.origin.value)}: {quoted(proposal.reason)}",
        _asked_for(proposal),
    ]
    lines += [_asked(call) for call in calls if call.subject == proposal.symbol]
    for verdict in reversed(verdicts):
        lines += _verdict(verdict)
    if view.approval:
        lines.append(_answer(view.approval))
    lines += [f"order {escape(intent.client_order_id)}: {intent.state.value}" for intent in view.intents]
    lines += [f"• {quoted(f'{fact.id}: {fact.text}', 120)}" for fact in record.facts]
    return joined(lines, last=["PAPER"])


def _verdict(verdict: RiskVerdict) -> list[str]:
    phase = verdict.phase.value.replace("_", " ")
    head = (
        f"<b>{verdict.decision.value.upper()}</b> v{verdict.version}, {phase}:"
        f" {units(verdict.quantity)} of {units(verdict.asked_quantity)}"
    )
    spoken = sorted((one for one in verdict.results if one.outcome not in QUIET), key=lambda one: one.outcome.breaches)
    passed = sum(result.outcome is Outcome.PASS for result in verdict.results)
    digests = (
        f"policy {verdict.policy_digest[:8]} · snapshot {verdict.snapshot_digest[:8]} · code {verdict.code_version}"
    )
    return [head, *(_rule(one) for one in reversed(spoken)), f"{passed} rules passed · {escape(digests)}"]


def _rule(result: RuleResult) -> str:
    return f"{result.outcome.value}: <b>{escape(result.rule)}</b> {quoted(result.message, 120)}"


def _answer(approval: Approval) -> str:
    hindsight = ", in hindsight" if approval.hindsight else ""
    by = f"{approval.answer} by {approval.by} at {clock_time(approval.at)} ({approval.channel}{hindsight})"
    return f"Answer: {quoted(by)}"


def _asked_for(proposal: TradeProposal) -> str:
    asked = f"asked {percent(proposal.position_size_pct)} of equity · confidence {proposal.confidence:.0%}"
    hopes = f"upside {proposal.expected_upside_pct:g} % · worst case {proposal.worst_case_loss_pct:g} %"
    return f"{asked} · {hopes} · {proposal.time_horizon_days} days"


def _asked(call: ModelCall) -> str:
    cost = "from the cache" if call.cached else f"${call.cost_usd:.4f}"
    return f"model {quoted(call.model, 60)} · prompt {escape(call.prompt_digest[:8])} · {cost}"
