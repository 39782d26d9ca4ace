"""decide: observe, scan, research, a thesis per short-listed symbol in parallel, propose, size; one thread per run."""

from datetime import date
from typing import Literal

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import Send

from domain.market import Headline, MarketSnapshot
from domain.proposal import TradeProposal
from domain.research import Desk, ProposalQuestion, Question, ResearchNote, Thesis, ThesisQuestion
from domain.scan import Scan
from domain.schedule import is_rebalance
from graph.batches import add_proposals, batch_of_run
from graph.context import Context
from graph.episodes import remember_theses
from graph.exits import held_since, running_out
from graph.marks import argued, marked
from graph.monitor import monitored
from graph.priced import priced_symbols
from graph.recall import memories, with_records
from graph.state import Decision, Topic
from graph.views import book_of, desk_of
from quant.scan import scan_market

NOT_AGAIN = 5
"""What was refused, declined or left unanswered is not argued again for so many sessions, where there is other work."""


def observe(state: Decision, runtime: Runtime[Context]) -> Decision:
    """Fetch all that is known before the session, and store it under its digest."""
    ctx = runtime.context
    session = date.fromisoformat(state["session"])
    as_of = ctx.market.opens(session) if ctx.clock.replay else ctx.clock.now()
    snapshot = ctx.market.snapshot(priced_symbols(ctx.mandate, ctx.ledger), session, as_of)
    return {"snapshot": ctx.ledger.save_snapshot(snapshot)}


def scan(state: Decision, runtime: Runtime[Context]) -> Decision:
    """Compute signals, facts, regime and the short list."""
    ctx = runtime.context
    market = ctx.ledger.snapshot(state["snapshot"])
    book = book_of(ctx, market)
    ending = tuple(book.positions) if is_rebalance(state["slot"]) else running_out(book, market.session)
    refused = ctx.ledger.turned_down(ctx.portfolio, market.sessions[-NOT_AGAIN:])
    found = scan_market(
        _of_mandate(ctx, market), ctx.mandate.style, ctx.mandate.shortlist, held_since(book), ending, refused
    )
    found = found.model_copy(update={"snapshot_digest": market.digest})
    digest = ctx.ledger.save_scan(with_records(ctx, found, market))
    ctx.ledger.note_inputs(ctx.portfolio, state["slot"], state["snapshot"], digest)
    return {"scan": digest}


def research(state: Decision, runtime: Runtime[Context]) -> Decision:
    """Ask the analyst what the market looks like."""
    ctx = runtime.context
    found = ctx.ledger.scan(state["scan"])
    desk = desk_of(ctx, found)
    question = Question(
        scan=found,
        desk=desk,
        slot=state["slot"],
        headlines=_headlines(ctx, found),
        memories=memories(ctx, found, found.shortlist),
    )
    answer = ctx.analyst.research(question)
    ctx.ledger.save_note(ctx.portfolio, state["slot"], answer)
    if answer.value is None:
        return {"note": None, "undecided": dict.fromkeys(found.shortlist, f"no research: {answer.problem}")}
    return {"note": answer.value.model_dump(mode="json"), "desk": desk.model_dump(mode="json")}


def to_theses(state: Decision, runtime: Runtime[Context]) -> list[Send] | Literal["size"]:
    """Argue about each short-listed symbol at the same time; without research there is nothing to argue from."""
    note = state["note"]
    symbols = runtime.context.ledger.scan(state["scan"]).shortlist
    if note is None or not symbols:
        return "size"
    topic = {"slot": state["slot"], "scan": state["scan"], "desk": state["desk"], "note": note}
    return [Send("thesis", {**topic, "symbol": symbol}) for symbol in symbols]


def thesis(state: Topic, runtime: Runtime[Context]) -> Decision:
    """Ask the analyst for both sides of one symbol."""
    ctx = runtime.context
    found = ctx.ledger.scan(state["scan"])
    question = ThesisQuestion(
        scan=found,
        desk=Desk.model_validate(state["desk"]),
        slot=state["slot"],
        headlines=_headlines(ctx, found),
        memories=memories(ctx, found, [state["symbol"]]),
        symbol=state["symbol"],
        note=ResearchNote.model_validate(state["note"]),
    )
    answer = marked(ctx.analyst.thesis(question), question)
    ctx.ledger.save_thesis(ctx.portfolio, state["slot"], state["symbol"], answer)
    if answer.value is None:
        return {"undecided": {state["symbol"]: answer.problem}}
    return {"theses": [answer.value.model_dump(mode="json")]}


def propose(state: Decision, runtime: Runtime[Context]) -> Decision:
    """Ask the analyst to turn the theses into proposals, jointly."""
    ctx = runtime.context
    found = ctx.ledger.scan(state["scan"])
    order = {symbol: place for place, symbol in enumerate(found.shortlist)}
    theses = sorted((Thesis.model_validate(raw) for raw in state.get("theses", [])), key=lambda t: order[t.symbol])
    if not theses:
        return {"proposals": []}
    note = ResearchNote.model_validate(state["note"])
    desk = Desk.model_validate(state["desk"])
    answer = ctx.analyst.propose(
        ProposalQuestion(scan=found, desk=desk, slot=state["slot"], note=note, theses=tuple(theses))
    )
    ctx.ledger.save_calls(ctx.portfolio, state["slot"], answer.calls)
    if answer.value is None:
        return {"proposals": [], "undecided": {t.symbol: f"no proposals: {answer.problem}" for t in theses}}
    accepted = [proposal.model_dump(mode="json") for proposal in answer.value.accepted]
    return {"proposals": accepted, "undecided": answer.value.undecided}


def size(state: Decision, runtime: Runtime[Context]) -> Decision:
    """Add the exits and reductions that are due, turn fractions into units, write all proposals in one batch."""
    ctx = runtime.context
    market = ctx.ledger.snapshot(state["snapshot"])
    found = ctx.ledger.scan(state["scan"])
    watched = monitored(ctx, market)
    shrinking = {draft.proposal.symbol for draft in watched}
    mine = [TradeProposal.model_validate(raw) for raw in state.get("proposals", [])]
    batch = [*watched, *argued(ctx, state, found, [one for one in mine if one.symbol not in shrinking])]
    slot = state["slot"]
    stored = add_proposals(ctx, batch_of_run(ctx.portfolio, slot), slot, market, batch, found.facts)
    dropped = {p.symbol: "the monitor reduces or closes it already" for p in mine if p.symbol in shrinking}
    undecided, proposed = {**state.get("undecided", {}), **dropped}, {record.proposal.symbol for record in stored}
    remember_theses(ctx, slot, market.session, found, undecided, proposed)
    return {"undecided": dropped}


def _headlines(ctx: Context, found: Scan) -> tuple[Headline, ...]:
    return ctx.ledger.snapshot(found.snapshot_digest).headlines


def _of_mandate(ctx: Context, market: MarketSnapshot) -> MarketSnapshot:
    """What the desk may buy; what it still holds beside that is the monitor's, which sells it."""
    history = {symbol: bars for symbol, bars in market.history.items() if symbol in ctx.mandate.universe}
    return market if len(history) == len(market.history) else market.model_copy(update={"history": history})


def build_decide() -> StateGraph[Decision, Context, Decision, Decision]:
    """Draw the machine; compile it with a checkpointer."""
    graph = StateGraph(Decision, context_schema=Context)
    for node in (observe, scan, research, thesis, propose, size):
        graph.add_node(node.__name__, node)
    graph.add_edge(START, "observe")
    graph.add_edge("observe", "scan")
    graph.add_edge("scan", "research")
    graph.add_conditional_edges("research", to_theses, ["thesis", "size"])
    graph.add_edge("thesis", "propose")
    graph.add_edge("propose", "size")
    graph.add_edge("size", END)
    return graph
