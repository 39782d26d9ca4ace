"""Start runs and move proposals: every call may be repeated, from any process, after any crash."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date
from typing import Any, Literal, NamedTuple

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command, Durability

from domain.errors import BadInput, Busy, RunAborted, Transient, WaitsForCash
from domain.proposal import Origin, TradeProposal
from domain.records import ProposalRecord, ProposalStatus, Run, RunStatus
from graph import execution
from graph.adjust import catch_up, plan_external
from graph.batches import Draft, add_proposals, batch_of_person
from graph.breakers import check_breakers
from graph.context import Context
from graph.decide import build_decide
from graph.episodes import remember_proposals
from graph.hours import HELD_BACK, may_settle
from graph.learning import learn_calibrations
from graph.outcomes import score_outcomes
from graph.settle import build_settle
from graph.views import book_of, market_now

Machine = CompiledStateGraph[Any, Context, Any, Any]
Progress = Callable[[str, str], None]
"""Told (node, subject) as each node ends."""
MAX_CONCURRENCY = 8
"""So many theses are argued at once where a model is waited for; threads only slow down what computes."""


class Started(NamedTuple):
    """What `start` did: the run, and whether it was done before."""

    run: Run
    already_done: bool


class Runner:
    """Drives decide and settle of one portfolio."""

    def __init__(self, ctx: Context, saver: BaseCheckpointSaver[Any], *, durability: Durability = "sync") -> None:
        """Compile the machines.

        Only a replay, which goes on from the ledger, may keep its steps until the `exit`: those of settle, for whoever
        answers within the session; those of decide not at all.
        """
        self.ctx = ctx
        self._durability = durability
        self._resumes = durability != "exit"
        self._concurrency = 1 if ctx.analyst.baseline else MAX_CONCURRENCY
        self._warm = False
        self._decide, self._settle = self._machines(saver)

    def start(self, slot: str, assumptions: Sequence[str] = (), progress: Progress = lambda *_: None) -> Started:
        """Run decide for `slot` once, whatever crashed before, then settle everything that can move.

        Raises:
            BadInput: the slot was used for another session.
            EarlierSession: the clock stands before the portfolio's own.
            Busy: another process runs this slot.
        """
        ctx = self.ctx
        with ctx.locks.hold(f"run:{ctx.portfolio}/{slot}"):
            stored = ctx.ledger.run(ctx.portfolio, slot)
            if stored is not None and stored.session != ctx.clock.session():
                raise BadInput(f"slot {slot!r} was used for {stored.session}", "choose another --slot")
            already_done = stored is not None and stored.status is RunStatus.DONE
            if not already_done:
                self._warm_up()
                self._begin(slot, assumptions)
                self.enter()
                if ctx.recall is not None and score_outcomes(ctx):
                    learn_calibrations(ctx)
                self._run(slot, progress)
        self.settle(progress)
        run = ctx.ledger.run(ctx.portfolio, slot)
        if run is None:
            raise RunAborted(f"run {slot!r} vanished from the ledger", "run `pm doctor`")
        return Started(run, already_done)

    def enter(self) -> None:
        """Bring the portfolio to the clock's session: expire what waited, reconcile, strike equity, check losses."""
        ctx = self.ctx
        session, now = ctx.clock.session(), ctx.clock.now()
        ctx.ledger.open_portfolio(ctx.mandate, session, now)
        ctx.ledger.enter_session(ctx.portfolio, session, now)
        with suppress(Transient):  # what is missed shows as a difference to the broker, and blocks
            catch_up(ctx)
        execution.reconcile(ctx)
        market = market_now(ctx)
        book = book_of(ctx, market)
        plan_external(ctx, book, market)
        ctx.ledger.record_equity(ctx.portfolio, session, book.equity, now, previous=market.sessions[-1])
        check_breakers(ctx, book_of(ctx, market))

    def propose(self, proposals: Sequence[TradeProposal], origin: Origin = Origin.PERSON) -> tuple[ProposalRecord, ...]:
        """Put proposals from outside a run through the same gate, and settle them as far as they go."""
        ctx = self.ctx
        self.enter()
        market = market_now(ctx)
        batch_id = batch_of_person(ctx, proposals)
        stored = add_proposals(ctx, batch_id, None, market, [Draft(origin, proposal) for proposal in proposals])
        self.settle()
        return ctx.ledger.proposals(ctx.portfolio, batch_id=stored[0].batch_id)

    def settle(self, progress: Progress = lambda *_: None) -> None:
        """Advance every proposal that has not come to its end, exits first, then reconcile."""
        ctx = self.ctx
        if not ctx.clock.replay:
            self.enter()
        ctx.ledger.expire(ctx.portfolio, ctx.clock.now())
        unsettled = ctx.ledger.unremembered(ctx.portfolio)
        for record in sorted(unsettled, key=lambda r: (not (r.trade and r.trade.reduces), r.created_at, r.rank)):
            with suppress(Busy):  # another process is moving it
                self.advance(record.id, progress)
        execution.reconcile(ctx)

    def advance(self, proposal_id: str, progress: Progress = lambda *_: None) -> None:
        """Move one proposal as far as it goes: start, resume or continue its thread; not while the exchange is closed.

        An entry whose judging waits for the cash of exits stays where it is, for the next call.

        Raises:
            Busy: another process is moving it.
        """
        ctx = self.ctx
        with ctx.locks.hold(f"prop:{proposal_id}"), suppress(WaitsForCash):
            record = ctx.ledger.proposal(proposal_id)
            if not may_settle(ctx, record):
                return
            if record.status in HELD_BACK and not ctx.clock.replay:
                execution.compare(ctx)
            config = self._config(f"prop:v1:{proposal_id}")
            state = self._settle.get_state(config)
            if state.created_at is None:
                if record.status.is_final:
                    remember_proposals(ctx, [record])
                    return
                self._stream(self._settle, {"proposal_id": proposal_id}, config, progress, record.proposal.symbol)
            elif any(task.interrupts for task in state.tasks):
                if record.status is not ProposalStatus.AWAITING:
                    self._stream(self._settle, Command(resume=True), config, progress, record.proposal.symbol)
            elif state.next or state.tasks:
                self._stream(self._settle, None, config, progress, record.proposal.symbol)

    def _machines(self, saver: BaseCheckpointSaver[Any]) -> tuple[Machine, Machine]:
        """Compile decide and settle; the fault simulation drives the same two its own way."""
        decide = build_decide().compile(checkpointer=saver if self._resumes else None)
        return decide, build_settle().compile(checkpointer=saver)

    def _warm_up(self) -> None:
        if not self._warm:
            self._warm = True
            threading.Thread(target=self.ctx.analyst.warm, daemon=True).start()

    def _begin(self, slot: str, assumptions: Sequence[str]) -> None:
        ctx = self.ctx
        ctx.ledger.open_portfolio(ctx.mandate, ctx.clock.session(), ctx.clock.now())
        ctx.ledger.begin_run(
            Run(
                portfolio=ctx.portfolio,
                slot=slot,
                session=ctx.clock.session(),
                analyst=ctx.analyst.name,
                assumptions=tuple(assumptions),
                started_at=ctx.clock.wall(),
            )
        )

    def _run(self, slot: str, progress: Progress) -> None:
        ctx = self.ctx
        session = ctx.clock.session()
        config = self._config(f"run:v1:{ctx.portfolio}/{slot}")
        given: dict[str, str] | None = {"slot": slot, "session": session.isoformat()}
        undecided: dict[str, str] = {}
        goes_on = True
        if self._resumes:
            state = self._decide.get_state(config)
            undecided |= state.values.get("undecided", {})
            if state.created_at is not None:
                given, goes_on = None, bool(state.next or state.tasks)
        if goes_on:
            for told in self._stream(self._decide, given, config, progress, ""):
                undecided |= told.get("undecided", {})
        by_symbol = dict(sorted(undecided.items()))  # branches tell in the order in which they end
        ctx.ledger.end_run(ctx.portfolio, slot, RunStatus.DONE, by_symbol, "", ctx.clock.wall())

    def _stream(
        self,
        graph: CompiledStateGraph[Any, Context, Any, Any],
        given: Any,
        config: Any,
        progress: Progress,
        subject: str,
    ) -> list[dict[str, Any]]:
        """Run a machine until it ends or waits; return what its nodes told, in their order."""
        every = []
        kept = self._durability if self._resumes or graph is self._settle else None
        for event in graph.stream(given, config, context=self.ctx, stream_mode="updates", durability=kept):
            for node, told in event.items():
                if not node.startswith("__"):
                    progress(node, subject)
                    every.append(told or {})
        return every

    def _config(self, thread_id: str) -> Any:
        return {"configurable": {"thread_id": thread_id}, "max_concurrency": self._concurrency}

    def mermaid(self, which: Literal["decide", "settle"]) -> str:
        """Draw one of the two machines as Mermaid text."""
        graph = self._decide if which == "decide" else self._settle
        return graph.get_graph().draw_mermaid()


def next_slot(portfolio_session: date | None, start: date, next_session: Callable[[date], date]) -> date:
    """Choose the session of a run that names none: the first one, or the one after the portfolio's clock."""
    return start if portfolio_session is None else next_session(portfolio_session)
