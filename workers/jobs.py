"""What the desk does by itself: plain functions, each for one portfolio, each safe to repeat from any process."""

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from typing import Final

from domain.errors import BadInput, Busy
from domain.ids import short_id
from domain.proposal import Origin
from domain.records import RunStatus
from evals.braintrust_log import BraintrustLog, send_traces
from evals.braintrust_settings import BraintrustSettings
from graph import execution, outcomes
from graph.adjust import plan_external
from graph.batches import Draft, add_proposals
from graph.breakers import look
from graph.exits import due_exits
from graph.learning import learn_calibrations
from graph.recall import index_new
from graph.views import book_of, market_now
from workers.daily_report import day_in_words
from workers.delivery import deliver_from
from workers.desks import Desks
from workers.settling import run_from, settle_from
from workers.till import OpenTill
from workers.wiring import wire

JobFunction = Callable[[Desks, str, str], None]
"""Takes the process's desks, a portfolio and an argument: a slot's name, a proposal's id, or nothing."""
SENDING: Final = threading.Lock()
WATCH_AGAIN = timedelta(minutes=5)
"""An exit that came to nothing is proposed again after this long."""


def run_slot(desks: Desks, portfolio: str, slot: str) -> None:
    """Decide a slot once, and settle what can be settled; a run that was killed goes on."""
    wired = desks.of(portfolio, session=session_of(slot), enters=True)
    stored = wired.ctx.ledger.run(wired.ctx.portfolio, slot)
    if stored is not None and stored.status is RunStatus.FAILED:
        return
    wired.runner.start(slot, wired.assumptions)


def advance(desks: Desks, portfolio: str, proposal_id: str) -> None:
    """Move one proposal as far as it goes."""
    desks.of(portfolio, enters=True).runner.advance(proposal_id)


def expire(desks: Desks, portfolio: str, _: str = "") -> None:
    """End what has waited too long; expiry counts as no."""
    wired = desks.of(portfolio)
    for proposal_id in wired.ctx.ledger.expire(wired.ctx.portfolio, wired.ctx.clock.now()):
        with suppress(Busy):
            advance(desks, portfolio, proposal_id)


def reconcile(desks: Desks, portfolio: str, _: str = "") -> None:
    """Bring every open order up to date with the broker, and compare holdings and cash."""
    execution.reconcile(desks.of(portfolio).ctx)


def follow_orders(desks: Desks, portfolio: str, _: str = "") -> None:
    """Ask after the orders that are open, between two full looks; in replay after those that may not have arrived.

    There time stands still, and what rests at the broker rests.
    """
    ctx = desks.of(portfolio).ctx
    intents = ctx.ledger.intents(ctx.portfolio, open_only=True)
    if not ctx.clock.replay or any(intent.state not in execution.AT_THE_BROKER for intent in intents):
        execution.follow(ctx)


def watch_exits(desks: Desks, portfolio: str, _: str = "") -> None:
    """Check breakers and exit plans while the exchange is open; in replay each run has looked, and time stands still.

    An exit is proposed once per position and plan; one that came to nothing again after five minutes.
    """
    wired = desks.of(portfolio)
    ctx, now = wired.ctx, wired.ctx.clock.now()
    if ctx.clock.replay or not ctx.market.opens(ctx.clock.session()) <= now:
        return
    wired = desks.of(portfolio, enters=True)
    ctx = wired.ctx
    look(ctx)
    market = market_now(ctx)
    plan_external(ctx, book_of(ctx, market), market)
    exits = due_exits(book_of(ctx, market), market, trailing=ctx.mandate.trailing_stop)
    if not exits:
        return
    wired.runner.enter()
    bucket = int(now.timestamp() // WATCH_AGAIN.total_seconds())
    drafts = [Draft(Origin.MONITOR, due.proposal, due.kind) for due in exits]
    plans = [f"{due.proposal.symbol}:{due.kind.value}" for due in exits]
    batch = short_id("watch", ctx.portfolio, ctx.clock.session().isoformat(), bucket, *plans)
    for record in add_proposals(ctx, batch, None, market, drafts):
        with suppress(Busy):
            wired.runner.advance(record.id)


def equity_point(desks: Desks, portfolio: str, slot: str = "") -> None:
    """Strike the equity of the session, once, and let the breakers look at it: the desk's heartbeat."""
    session = session_of(slot) if slot else None
    wired = desks.of(portfolio, enters=True)
    if session is None or wired.ctx.clock.session() == session:
        wired.runner.enter()


def score_outcomes(desks: Desks, portfolio: str, _: str = "") -> None:
    """Score what came of past proposals, taken and missed, and learn what stated confidences are worth."""
    ctx = desks.of(portfolio).ctx
    outcomes.score_outcomes(ctx)
    learn_calibrations(ctx)


def daily_report(desks: Desks, portfolio: str, slot: str) -> None:
    """Tell the people of the portfolio what its day was like, once."""
    wired = desks.of(portfolio)
    ctx = wired.ctx
    text = day_in_words(ctx, session_of(slot))
    ctx.ledger.audit(ctx.portfolio, "daily_report", slot, {"text": text}, "schedule")


def outbox(desks: Desks, portfolio: str, _: str = "") -> None:
    """Tell people what is new, on every channel that is set up; one that fails delays nothing else."""
    ctx = desks.of(portfolio).ctx
    deliver_from(OpenTill(ctx.mandate, ctx.clock, ctx.ledger, desks.settings, desks.feed))


def learn(desks: Desks, portfolio: str, _: str = "") -> None:
    """Index new episodes, and log runs, answers and outcomes to Braintrust where a key is set.

    Where another thread of this process is sending, the next round sends: an observer that hangs holds up one thread.
    """
    ctx = desks.of(portfolio).ctx
    index_new(ctx)
    if SENDING.acquire(blocking=False):
        try:
            settings = BraintrustSettings()
            send_traces(ctx.ledger, BraintrustLog(settings) if settings.key else None, ctx.clock.wall())
        finally:
            SENDING.release()


def requests(desks: Desks, portfolio: str, _: str = "") -> None:
    """Carry out what people have asked for: answers first, then what needs the graph."""
    _settled, runs = settle_from(desks.of(portfolio, enters=True))
    if runs:
        with wire(desks.reference(portfolio), run=True, storage=desks.storage) as wired:
            run_from(wired, runs[0], _settled)


def session_of(slot: str) -> date:
    """Read the session off a slot's name; raises BadInput where it does not begin with one."""
    try:
        return date.fromisoformat(slot[:10])
    except ValueError:
        raise BadInput(f"slot {slot!r} does not begin with a session", "write it like 2017-05-26") from None


def job_name(kind: str, argument: str) -> str:
    """Name the row of a job: a slot's row is named like the slot."""
    if kind == "advance":
        return f"P-{argument}"
    return argument or kind


JOBS: Final[dict[str, JobFunction]] = {
    "run_slot": run_slot,
    "advance": advance,
    "expire": expire,
    "reconcile": reconcile,
    "follow_orders": follow_orders,
    "watch_exits": watch_exits,
    "equity_point": equity_point,
    "score_outcomes": score_outcomes,
    "daily_report": daily_report,
    "outbox": outbox,
    "learn": learn,
    "requests": requests,
}
PERIODIC: Final[dict[str, float]] = {
    "expire": 10.0,
    "outbox": 10.0,
    "follow_orders": 10.0,
    "learn": 60.0,
    "watch_exits": 30.0,
    "reconcile": 60.0,
}
"""Seconds between two rounds of what is done again and again."""
UNCOUNTED: Final = frozenset({*PERIODIC, "requests"})
"""Jobs whose attempts are not counted: they come again anyway."""
