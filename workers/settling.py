"""Carry out what people have asked for and only a process with a graph can do, then move everything that can move."""

from datetime import timedelta
from typing import Any, NamedTuple

import structlog

from domain.errors import BadInput, DeskError, Transient
from domain.outbox import OutboxItem
from domain.proposal import Origin, TradeProposal
from graph import control, execution
from graph.exits import closing
from graph.views import book_of, market_now
from workers.wiring import Wired, wire

ADVANCE, COMMAND = "advance", "command"
"""Topics of the outbox: a proposal that can move on, and a person's request."""
MOST_ATTEMPTS = 8
TOO_OLD = timedelta(hours=1)
"""A request to buy or sell that waited longer is not carried out: its reasons may be gone."""
AGES = frozenset({"close", "run"})
PAUSE = timedelta(seconds=15)

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class Settled(NamedTuple):
    """What one pass did: requests carried out and refused, and proposals that still wait for people."""

    done: int = 0
    refused: int = 0
    waiting: int = 0


def settle(portfolio: str) -> Settled:
    """Do everything that waits in one portfolio; safe to call again, from any process.

    Raises:
        DeskError: settings, mandate or ledger are not what they must be.
    """
    with wire(portfolio) as wired:
        settled, runs = settle_from(wired)
    if runs:
        with wire(portfolio, run=True) as wired:
            settled = run_from(wired, runs[0], settled)
    return settled


def settle_from(wired: Wired) -> tuple[Settled, list[OutboxItem]]:
    """Do it from a wired portfolio; runs that were asked for are returned, for `run_from`."""
    done = refused = 0
    runs: list[OutboxItem] = []
    ctx = wired.ctx
    for item in ctx.ledger.claim_outbox([ADVANCE, COMMAND], ctx.clock.wall(), portfolio=ctx.portfolio):
        if item.payload.get("do") == "run":
            runs.append(item)
            continue
        ended = _attempt(wired, item)
        done, refused = done + ended, refused + (not ended)
    wired.runner.settle()
    waiting = sum(record.status.value == "awaiting" for record in ctx.ledger.unremembered(ctx.portfolio))
    return Settled(done, refused, waiting), runs


def run_from(wired: Wired, item: OutboxItem, settled: Settled) -> Settled:
    """Carry out the run that somebody asked for, on a portfolio that was wired for a run."""
    ended = _attempt(wired, item)
    return settled._replace(done=settled.done + ended, refused=settled.refused + (not ended))


def _attempt(wired: Wired, item: OutboxItem) -> bool:
    ledger, wall = wired.ctx.ledger, wired.ctx.clock.wall()
    try:
        _carry_out(wired, item)
    except Transient as error:
        give_up = item.attempts >= MOST_ATTEMPTS
        ledger.outbox_failed(item.key, error.message, None if give_up else wall + PAUSE)
        if give_up:
            _tell(wired, item, error)
        return False
    except DeskError as error:
        ledger.outbox_failed(item.key, error.message, None)
        _tell(wired, item, error)
        return False
    ledger.outbox_done(item.key, wall)
    return True


def _tell(wired: Wired, item: OutboxItem, error: DeskError) -> None:
    detail = {"do": str(item.payload.get("do", item.topic)), "problem": error.message}
    wired.ctx.ledger.audit(wired.ctx.portfolio, "request_failed", item.key, detail, str(item.payload.get("by", "desk")))


def _carry_out(wired: Wired, item: OutboxItem) -> None:
    if item.topic == ADVANCE:
        wired.runner.advance(str(item.payload["proposal_id"]))
        return
    what, by = str(item.payload["do"]), str(item.payload.get("by", ""))
    if what in AGES and wired.ctx.clock.wall() - item.created_at > TOO_OLD:
        raise BadInput(f"{what}, asked for by {by}, waited for more than an hour", "ask again, if you still want it")
    if what == "flatten":
        control.flatten(wired.runner, by, str(item.payload["confirm"]), str(item.payload.get("how", "")))
    elif what == "close":
        wired.runner.propose([_closing(wired, item.payload)], Origin.PERSON)
    elif what == "reconcile":
        execution.reconcile(wired.ctx)
    elif what == "run":
        wired.runner.start(wired.slot, wired.assumptions)
    else:
        raise BadInput(f"nobody knows how to {what!r}", "update this process: it is older than the one that asked")


def _closing(wired: Wired, asked: dict[str, Any]) -> TradeProposal:
    market = market_now(wired.ctx)
    book, symbol = book_of(wired.ctx, market), str(asked["symbol"])
    held, price = book.positions.get(symbol), market.price(symbol)
    if held is None or price is None or book.equity <= 0.0:
        raise BadInput(f"{symbol} is not held", "see /positions")
    share = float(asked["share"])
    whole = closing(held, price, book.equity, f"Closing {share:.0%}, asked for by {asked['by']}")
    return whole.model_copy(update={"position_size_pct": max(whole.position_size_pct * share, 1e-6)})
