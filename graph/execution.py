"""From a verdict to one order at the broker: the intent is committed first, and nothing else calls submit."""

from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import timedelta

from domain.book import ControlState
from domain.errors import AccessDenied, Busy, Halted, IntentNotCommitted, OrderRefused, OutcomeUnknown, Transient
from domain.orders import Fill, IntentState, Order, OrderIntent
from domain.ports import Bracketing, Protecting
from graph.adjust import adopt_external
from graph.brackets import book_legs, clear_the_way
from graph.breakers import look
from graph.context import Context, Till
from graph.intents import build_intent, order_id_of
from graph.presend import forbidden, obstacle
from graph.protection import NOT_SENT, legs_lock, misfits, promise_legs, tell_refused
from graph.unknown import adopt_late, cancel_stragglers, is_due, lock_out, tell_quarantined

ACTIVE = ControlState.ACTIVE
AT_THE_BROKER = frozenset({IntentState.OPEN, IntentState.PARTIAL})
A_MOMENT = timedelta(seconds=1)


def execute(ctx: Context, proposal_id: str) -> OrderIntent:
    """Commit the intent of an accepted proposal, then drive it once; returns in whatever state that gives."""
    record = ctx.ledger.proposal(proposal_id)
    intent = ctx.ledger.intent(order_id_of(record)) or ctx.ledger.commit_intent(build_intent(ctx, record))
    return drive(ctx, intent.client_order_id)


def drive(ctx: Context, order_id: str) -> OrderIntent:
    """Move one intent a step: look it up at the broker, send it if absent, record the answer.

    The caller holds the proposal's lock, so whoever claimed the intent before is gone. The breakers look at what was
    filled; an entry that still rests when the desk is no longer ACTIVE is cancelled; legs at the broker are brought to
    what is left.
    """
    before = _stored(ctx, order_id)
    after = _drive(ctx, before)
    if after.filled_quantity > before.filled_quantity:
        with suppress(Transient):
            look(ctx)
    if after.state in AT_THE_BROKER and not after.reduces and _has_no_business(ctx, after):
        after = cancel(ctx, after)
    if after.protects:
        tell_refused(ctx, after)
    elif after != before and (after.reduces or after.state.is_final):
        protect(ctx, after.symbol)
    return after


def protect(ctx: Context, symbol: str) -> None:
    """Bring the legs that rest for a symbol to what is held, where they differ and the broker keeps any.

    What can't be done now is done by the next reconcile.
    """
    if isinstance(ctx.broker, Protecting):
        with suppress(Transient), ctx.locks.hold(legs_lock(ctx, symbol)):
            intent = promise_legs(ctx, ctx.broker, symbol)
            if intent is not None:
                drive(ctx, intent.client_order_id)


def _has_no_business(ctx: Context, entry: OrderIntent) -> bool:
    """Whether an entry rests that should not: the desk is not ACTIVE, or its legs made it outlive its session."""
    outlived = isinstance(ctx.broker, Bracketing) and ctx.clock.session() > entry.session
    return outlived or ctx.ledger.control(ctx.portfolio).state is not ACTIVE


def _drive(ctx: Context, before: OrderIntent) -> OrderIntent:
    order_id = before.client_order_id
    claimed = ctx.ledger.claim_intent(order_id, ctx.clock.now())
    if claimed is None:
        return refresh(ctx, before)
    may_live = before.state in {IntentState.SUBMITTING, IntentState.UNKNOWN}
    try:
        order = ctx.broker.find(order_id) or _send(ctx, claimed, may_live=may_live)
    except OrderRefused as error:
        # The refusal is of this request; an earlier one may still arrive.
        if may_live:
            tell_quarantined(ctx, before)
        return _mark(ctx, order_id, IntentState.QUARANTINED if may_live else IntentState.REJECTED, str(error))
    except OutcomeUnknown as error:
        return _mark(ctx, order_id, IntentState.UNKNOWN, str(error))
    except AccessDenied as error:
        lock_out(ctx, error)
        return _mark(ctx, order_id, IntentState.UNKNOWN if may_live else IntentState.PENDING, str(error))
    except Transient as error:
        return _mark(ctx, order_id, IntentState.UNKNOWN if may_live else IntentState.PENDING, str(error))
    return _book(ctx, claimed, order) if order else _stored(ctx, order_id)


def cancel(ctx: Till, intent: OrderIntent) -> OrderIntent:
    """Ask the broker to cancel what is left of an order, and book what it says then."""
    try:
        ctx.broker.cancel(intent.client_order_id)
    except Transient:
        return intent
    return refresh(ctx, intent)


def refresh(ctx: Till, intent: OrderIntent) -> OrderIntent:
    """Ask the broker about an order that it has, and book what happened since."""
    if intent.state.is_final:
        return intent
    try:
        order = ctx.broker.find(intent.client_order_id)
    except Transient:
        return intent
    return _book(ctx, intent, order) if order else _settle_absent(ctx, intent)


def reconcile(ctx: Context) -> int:
    """Bring every open intent up to date with the broker, then compare holdings; return how many trades are still open.

    An intent that another process is moving is left to it. Trades made by hand at the broker are adopted as external.
    """
    still_open = follow(ctx)
    if not ctx.clock.replay:
        with suppress(Transient):
            cancel_stragglers(ctx)
    compare(ctx)
    with suppress(Transient):
        for symbol in misfits(ctx):
            protect(ctx, symbol)
    return still_open


def follow(ctx: Context) -> int:
    """Bring every open intent a step further, where it is time to look; return how many trades are still open."""
    still_open = 0
    for intent in ctx.ledger.intents(ctx.portfolio, open_only=True):
        state = intent.state
        if is_due(ctx, intent):
            lock = legs_lock(ctx, intent.symbol) if intent.protects else f"prop:{intent.proposal_id}"
            with suppress(Busy), ctx.locks.hold(lock):
                state = drive(ctx, intent.client_order_id).state
        still_open += not state.is_final and not intent.protects
    return still_open


def compare(ctx: Context) -> None:
    """Look at the broker's account: book what legs have executed, note orders by hand and differences."""
    with suppress(Transient):
        book_legs(ctx)
        ctx.ledger.note_open_orders(ctx.portfolio, ctx.broker.open_orders(), ctx.clock.now())
        cash, held = ctx.broker.account().cash, ctx.broker.positions()
        differences = ctx.ledger.compare_with_broker(ctx.portfolio, cash, held, ctx.clock.now())
        if differences and adopt_external(ctx, differences) + adopt_late(ctx, differences):
            ctx.ledger.compare_with_broker(ctx.portfolio, cash, held, ctx.clock.now())


def submit(ctx: Context, intent: OrderIntent) -> Order:
    """Send a committed intent: the only line of the project that does.

    Raises:
        IntentNotCommitted: the ledger has no such row, or one that nobody has claimed for sending.
        Halted: the desk was halted or reduced since the intent was looked at.
    """
    stored = ctx.ledger.intent(intent.client_order_id)
    if stored is None or stored.state is not IntentState.SUBMITTING:
        raise IntentNotCommitted(
            f"intent {intent.client_order_id} has no committed row in the ledger", "send orders through execute only"
        )
    why_not = forbidden(ctx, stored)
    if why_not is not None:
        raise Halted(why_not)
    return ctx.broker.submit(stored)


def _send(ctx: Context, intent: OrderIntent, *, may_live: bool) -> Order | None:
    with _legs_of(ctx, intent):
        why_not = obstacle(ctx, intent)
        if why_not is None:
            if not clear_the_way(ctx, intent):
                raise Transient(f"the protective legs of {intent.symbol} are being cancelled")
            try:
                return submit(ctx, intent)
            except Halted as error:
                why_not = error.message
    if may_live:
        late = ctx.clock.session() > intent.session
        _mark(ctx, intent.client_order_id, IntentState.REJECTED if late else IntentState.QUARANTINED, why_not)
        if not late:
            tell_quarantined(ctx, intent)
    else:
        _mark(ctx, intent.client_order_id, IntentState.REJECTED, f"{NOT_SENT}{why_not}")
    return None


def _legs_of(ctx: Context, intent: OrderIntent) -> AbstractContextManager[None]:
    """Keep everybody else from sending legs while an exit takes their place; who sends legs holds the lock already."""
    if intent.reduces and not intent.protects and isinstance(ctx.broker, Protecting):
        return ctx.locks.hold(legs_lock(ctx, intent.symbol))
    return nullcontext()


def _settle_absent(ctx: Till, intent: OrderIntent) -> OrderIntent:
    """The broker answered and has no such order: over once its session is over, quarantined until then."""
    if ctx.clock.session() > intent.session:
        return _mark(ctx, intent.client_order_id, IntentState.REJECTED, "it never reached the broker")
    return intent


def _book(ctx: Till, intent: OrderIntent, order: Order) -> OrderIntent:
    fills: tuple[Fill, ...] = ()
    if order.filled_quantity > 0:
        try:
            # By the broker's clock too: ours may be ahead of it, and an execution must not seem older than its intent.
            fills = ctx.broker.fills(min(intent.created_at, order.submitted_at - A_MOMENT))
        except Transient:
            return intent
    mine = [fill for fill in fills if fill.client_order_id == intent.client_order_id]
    return ctx.ledger.book_order(order, mine, ctx.clock.now())


def _mark(ctx: Till, order_id: str, state: IntentState, problem: str) -> OrderIntent:
    ctx.ledger.mark_intent(order_id, state, problem, ctx.clock.now())
    return _stored(ctx, order_id)


def _stored(ctx: Till, order_id: str) -> OrderIntent:
    intent = ctx.ledger.intent(order_id)
    if intent is None:
        raise IntentNotCommitted(f"intent {order_id} has no committed row in the ledger", "start from the proposal")
    return intent
