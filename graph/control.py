"""What a person does with the desk as a whole: kill, pause, resume, flatten, money in and out."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from domain.book import ControlState
from domain.errors import BadInput, DeskError, NotFound
from domain.ids import short_id
from domain.orders import OrderIntent
from domain.people import Consent
from domain.proposal import Origin
from domain.records import Cause, Control, Flow, FlowKind, ProposalRecord
from graph import execution
from graph.breakers import sessions_since
from graph.context import Context, Floor, Till
from graph.exits import closing, is_leaving
from graph.halt import halt
from graph.two_people import CONFIRM_AFTER, DESK_WITHIN, Agreement, agree
from graph.two_people import alone as is_alone
from graph.views import book_of, market_now

if TYPE_CHECKING:
    from graph.runner import Runner  # LangGraph is not loaded to stop a desk

SESSIONS_OUT = 20
"""A drawdown keeps the desk REDUCING for at least this many sessions."""


class NeedsConfirmation(BadInput):
    """Nothing is wrong, but the phrase that says one means it is missing."""


class Stopped(NamedTuple):
    """What a kill or a pause did: the state that holds, the orders asked to end, and those that could not be asked."""

    control: Control
    cancelled: tuple[str, ...] = ()
    failed: Mapping[str, str] = MappingProxyType({})


class Resumed(NamedTuple):
    """What a resume did: `done`, or from when on the second confirmation counts, and until when (time on the wall)."""

    control: Control
    done: bool
    phrase: str
    single_operator: bool
    not_before: datetime | None = None
    until: datetime | None = None


@runtime_checkable
class Funded(Protocol):
    """A broker whose account takes and gives money when asked; each key moves it once."""

    def deposit(self, amount: Decimal, key: str) -> None:
        """Take dollars in."""

    def withdraw(self, amount: Decimal, key: str) -> None:
        """Pay dollars out."""


def kill(till: Till, by: str, reason: str) -> Stopped:
    """Halt the desk: one row first, then every entry is cancelled; stops and other exits stay.

    Needs the ledger only; what can't be cancelled is told, and tried again by every reconcile.
    """
    return cancel_entries(till, halt(till, by, reason))


def pause(till: Till, by: str, reason: str) -> Stopped:
    """Let the desk only reduce, until somebody resumes it; entries that rest are cancelled.

    Raises:
        BadInput: the desk is HALTED, which is stricter.
    """
    before = till.ledger.control(till.portfolio)
    if before.state is ControlState.HALTED:
        raise BadInput("the desk is HALTED, which is stricter than a pause", "leave it so, or `pm resume` first")
    control = till.ledger.set_control(till.portfolio, ControlState.REDUCING, reason, by, till.clock.now(), before.epoch)
    return cancel_entries(till, control)


def cancel_entries(till: Till, control: Control) -> Stopped:
    """Ask the broker to cancel every order that may add exposure; never a stop, never an exit."""
    cancelled, failed = [], {}
    for intent in till.ledger.intents(till.portfolio, open_only=True):
        if intent.reduces:
            continue
        try:
            execution.cancel(till, intent)
        except DeskError as error:
            failed[intent.client_order_id] = error.message
        else:
            cancelled.append(intent.client_order_id)
    return Stopped(control, tuple(cancelled), failed)


def cancel_order(till: Till, name: str, by: str) -> OrderIntent:
    """Ask the broker to cancel one order that may add exposure, by a unique beginning of its id; audited.

    Raises:
        NotFound: no open order, or more than one, has this id.
        BadInput: it is an exit: those are not taken away from a position.
        DeskError: the broker did not answer.
    """
    found = [
        intent
        for intent in till.ledger.intents(till.portfolio, open_only=True)
        if name and intent.client_order_id.startswith(name)
    ]
    if len(found) != 1:
        raise NotFound(f"{len(found)} open orders begin with {name!r}", "`pm orders` or /orders lists them")
    (intent,) = found
    if intent.reduces:
        raise BadInput(f"{intent.client_order_id} is an exit of {intent.symbol}", "exits and stops stay")
    after = execution.cancel(till, intent)
    said: dict[str, str | int | float | bool | None] = {"symbol": intent.symbol, "state": after.state.value}
    till.ledger.audit(till.portfolio, "order_cancel_asked", intent.client_order_id, said, by)
    return after


def resume_phrase(portfolio: str) -> str:
    """What a person types to leave HALTED or REDUCING."""
    return f"resume {portfolio}"


def flatten_phrase(portfolio: str) -> str:
    """What a person types to sell everything."""
    return f"flatten {portfolio}"


def resume(ctx: Floor, by: str, confirm: str, reason: str = "resumed by a person") -> Resumed:
    """Take the desk back to ACTIVE; after HALTED or a drawdown, drawdown is measured from today's unit value on.

    Leaving HALTED takes two confirmations: by two people where the mandate lists two approvers or more, else twice by
    the same person, 60 seconds apart. The first only writes the question down.

    Raises:
        NeedsConfirmation: the phrase is missing.
        BadInput: the desk is ACTIVE, it is too early, or a second person is needed.
        AlreadyDecided: somebody changed the state meanwhile.
    """
    control = ctx.ledger.control(ctx.portfolio)
    phrase, alone = resume_phrase(ctx.portfolio), is_alone(ctx.mandate)
    if not alone and by not in ctx.mandate.approvers:
        known = ", ".join(ctx.mandate.approvers)
        raise BadInput(f"{by} is no approver of {ctx.portfolio!r}", f"say who you are, --by with one of: {known}")
    if control.state is ControlState.ACTIVE:
        raise BadInput("the desk is ACTIVE already", "there is nothing to resume; see `pm status`")
    _refuse_early(ctx, control)
    if control.state is ControlState.HALTED:
        asked = _first_confirmation(ctx, control, by, phrase, alone=alone)
        if asked is not None:
            return asked
    if confirm != phrase:
        raise NeedsConfirmation(f"leaving {control.state.value} needs a confirmation", f'add --confirm "{phrase}"')
    anew = control.state is ControlState.HALTED or control.cause is Cause.DRAWDOWN
    told = f"{reason} (single operator)" if alone else f"{reason} (asked by {control.resume_asked_by or by})"
    level = book_of(ctx, market_now(ctx)).unit_value if anew else None
    after = ctx.ledger.set_control(
        ctx.portfolio, ControlState.ACTIVE, told, by, ctx.clock.now(), control.epoch, reference_high=level
    )
    return Resumed(after, done=True, phrase=phrase, single_operator=alone)


def agree_to_flatten(ctx: Floor, by: str, confirm: str, *, known: bool = False, again: bool = True) -> Agreement:
    """Take one yes to selling everything: it needs two people, or a single operator twice, 60 seconds apart.

    `known` and `again` are those of `agree`.

    Raises:
        NeedsConfirmation: the phrase is missing.
        BadInput: `by` is no approver of a mandate that lists two or more.
    """
    _want_phrase(ctx.portfolio, confirm)
    yes = Consent(portfolio=ctx.portfolio, subject="flatten", version=1, person=by, at=ctx.clock.wall())
    return agree(ctx.ledger, ctx.mandate, yes, DESK_WITHIN, known=known, again=again)


def flatten(runner: "Runner", by: str, confirm: str, how: str = "") -> tuple[ProposalRecord, ...]:
    """Cancel entries and propose to sell every holding, through the gate; passes also when HALTED.

    Call it once `agree_to_flatten` says so; `how` goes into the record.

    Raises:
        NeedsConfirmation: the phrase is missing.
    """
    ctx = runner.ctx
    _want_phrase(ctx.portfolio, confirm)
    reason = f"Flatten, asked for by {by}" + (f" ({how})" if how else "")
    runner.enter()
    cancel_entries(ctx, ctx.ledger.control(ctx.portfolio))
    market = market_now(ctx)
    book = book_of(ctx, market)
    proposals = [
        closing(position, price, book.equity, reason)
        for symbol, position in sorted(book.positions.items())
        if not is_leaving(book, symbol) and (price := market.price(symbol)) is not None and book.equity > 0.0
    ]
    return runner.propose(proposals, Origin.FLATTEN) if proposals else ()


def _want_phrase(portfolio: str, confirm: str) -> None:
    phrase = flatten_phrase(portfolio)
    if confirm != phrase:
        raise NeedsConfirmation(f"flatten sells everything that {portfolio!r} holds", f'add --confirm "{phrase}"')


def deposit(ctx: Context, amount: Decimal, by: str, key: str | None = None) -> Flow:
    """Put money in: at the broker, then in the ledger, at today's unit value; repeating it after a crash is safe.

    Raises:
        BadInput: not an amount of money, or a broker that takes none from here.
    """
    return _move(ctx, amount, FlowKind.DEPOSIT, by, key, _funded(ctx).deposit)


def withdraw(ctx: Context, amount: Decimal, by: str, key: str | None = None) -> Flow:
    """Take free cash out, like `deposit`.

    Raises:
        BadInput: not an amount of money, more than is free, or a broker that gives none from here.
    """
    broker, free = _funded(ctx), book_of(ctx, market_now(ctx)).free_cash
    if amount > Decimal(repr(round(free, 6))) and not _is_booked(ctx, key):
        raise BadInput(f"{amount:,.2f} is more than the free cash of {free:,.2f}", "withdraw less, or sell something")
    return _move(ctx, amount, FlowKind.WITHDRAWAL, by, key, broker.withdraw)


def _move(
    ctx: Context, amount: Decimal, kind: FlowKind, by: str, key: str | None, at_broker: Callable[[Decimal, str], None]
) -> Flow:
    # The broker first: its refusal leaves no trace, and the key counts what the ledger has, so that a command that died
    # in between is finished, not repeated, by the next one.
    key = key or short_id("flow", ctx.portfolio, kind.value, str(amount), len(ctx.ledger.flows(ctx.portfolio)))
    prices = {symbol: bars.price for symbol, bars in market_now(ctx).history.items()}
    with ctx.locks.hold(f"flow:{ctx.portfolio}"):
        if not _is_booked(ctx, key):
            at_broker(amount, key)
        return ctx.ledger.flow(
            ctx.portfolio, amount, kind, ctx.clock.session(), ctx.clock.now(), key, prices=prices, by=by
        )


def _is_booked(ctx: Context, key: str | None) -> bool:
    return key is not None and any(flow.key == key for flow in ctx.ledger.flows(ctx.portfolio))


def _funded(ctx: Context) -> Funded:
    if not isinstance(ctx.broker, Funded):
        raise BadInput(f"the broker {ctx.broker.name!r} moves no money from here", "move it at the broker itself")
    return ctx.broker


def _refuse_early(ctx: Floor, control: Control) -> None:
    if control.state is not ControlState.REDUCING or control.cause is not Cause.DRAWDOWN or control.session is None:
        return
    done = sessions_since(ctx.market, control.session, ctx.clock.session(), SESSIONS_OUT)
    if done < SESSIONS_OUT:
        raise BadInput(
            f"a drawdown keeps the desk REDUCING for {SESSIONS_OUT} sessions, {done} have passed since "
            f"{control.session}",
            "wait; exits stay possible, and `pm flatten` too",
        )


def _first_confirmation(ctx: Floor, control: Control, by: str, phrase: str, *, alone: bool) -> Resumed | None:
    """Write the question down, or wait for it to be old enough; None when this is the second confirmation."""
    wall = ctx.clock.wall()
    asked = ctx.ledger.ask_resume(ctx.portfolio, by, wall, wall - DESK_WITHIN)
    if asked.resume_asked_at is None:
        raise BadInput(f"the desk is {asked.state.value} meanwhile", "look at it with `pm status`")
    not_before = asked.resume_asked_at + (CONFIRM_AFTER if alone else timedelta(0))
    fresh = asked.resume_asked_at == wall or control.resume_asked_at != asked.resume_asked_at
    if fresh or wall < not_before:
        until = asked.resume_asked_at + DESK_WITHIN
        return Resumed(asked, done=False, phrase=phrase, single_operator=alone, not_before=not_before, until=until)
    if not alone and by == asked.resume_asked_by:
        raise BadInput(f"{by} has asked already; leaving HALTED takes two people", "let another approver confirm")
    return None
