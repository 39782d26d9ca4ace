"""settle: assess, then execute, ask or reject, then remember; one thread per proposal.

The only edge into `execute` comes from `assess`.
"""

from datetime import timedelta
from typing import Literal

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import interrupt

from domain.records import ProposalStatus
from domain.verdict import Decision as Verdict
from domain.verdict import Phase
from graph import execution
from graph.context import Context
from graph.episodes import remember_proposals
from graph.state import Ticket

LAST_MINUTES = 10
"""No card waits into the last minutes of a session."""


def assess(state: Ticket, runtime: Runtime[Context]) -> Ticket:
    """Let the risk engine judge the trade on the book as it stands now."""
    ctx = runtime.context
    if _is_over(ctx, state):
        return {"decision": Verdict.REJECT.value}
    return {"decision": ctx.gate.assess(state["proposal_id"]).decision.value}


def by_verdict(state: Ticket) -> Literal["execute", "request_approval", "reject"]:
    """Follow the verdict: only EXECUTE and RESIZE trade, only APPROVAL asks, everything else is a no."""
    decision = Verdict(state["decision"])
    if decision.goes_on:
        return "execute"
    return "request_approval" if decision is Verdict.APPROVAL else "reject"


def execute(state: Ticket, runtime: Runtime[Context]) -> Ticket:
    """Commit the intent and drive it once; not where the session ended before anything was promised."""
    if not _is_over(runtime.context, state):
        execution.execute(runtime.context, state["proposal_id"])
    return {}


def request_approval(state: Ticket, runtime: Runtime[Context]) -> Ticket:
    """Put the question to people: from here on the first valid answer wins."""
    ctx = runtime.context
    record = ctx.ledger.proposal(state["proposal_id"])
    now = ctx.clock.now()
    last = ctx.market.closes(record.session) - timedelta(minutes=LAST_MINUTES)
    patience = now + timedelta(minutes=ctx.mandate.approval_minutes)
    expires_at = last if ctx.clock.replay else min(patience, last)
    again = record.verdict is not None and record.verdict.phase is Phase.AFTER_YES
    version = record.verdict.version + 1 if record.verdict and again else record.version
    ctx.ledger.ask(record.id, version, expires_at, now)
    return {"answer": ""}


def await_approval(state: Ticket, runtime: Runtime[Context]) -> Ticket:
    """Pause; what counts afterwards is the approval row, not the value that woke us.

    Nobody waits for an answer to a proposal that ended before it was asked about.
    """
    record = runtime.context.ledger.proposal(state["proposal_id"])
    over = record.status.is_final
    if not over:
        interrupt({"proposal_id": record.id, "version": record.version})
    approval = runtime.context.ledger.approval(record.id, record.version)
    unanswered = "expire" if over else "none"
    return {"answer": approval.answer if approval else unanswered}


def by_answer(state: Ticket) -> Literal["assess", "reject", "await_approval"]:
    """A yes is judged again at fresh prices; no answer yet waits on; all else is a no."""
    if state["answer"] == "approve":
        return "assess"
    return "await_approval" if state["answer"] == "none" else "reject"


def reject(state: Ticket, runtime: Runtime[Context]) -> Ticket:
    """Close the proposal without a trade."""
    ctx = runtime.context
    ctx.ledger.finish(state["proposal_id"], ProposalStatus.REJECTED, "", ctx.clock.now())
    return {}


def remember(state: Ticket, runtime: Runtime[Context]) -> Ticket:
    """Open the episode that reconcile and outcome scoring complete."""
    ctx = runtime.context
    remember_proposals(ctx, [ctx.ledger.proposal(state["proposal_id"])])
    return {}


def _is_over(ctx: Context, state: Ticket) -> bool:
    return ctx.ledger.proposal(state["proposal_id"]).status.is_final


def build_settle() -> StateGraph[Ticket, Context, Ticket, Ticket]:
    """Draw the machine; compile it with a checkpointer."""
    graph = StateGraph(Ticket, context_schema=Context)
    for node in (assess, execute, request_approval, await_approval, reject, remember):
        graph.add_node(node.__name__, node)
    graph.add_edge(START, "assess")
    graph.add_conditional_edges("assess", by_verdict)
    graph.add_edge("request_approval", "await_approval")
    graph.add_conditional_edges("await_approval", by_answer)
    graph.add_edge("execute", "remember")
    graph.add_edge("reject", "remember")
    graph.add_edge("remember", END)
    return graph
