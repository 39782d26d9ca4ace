"""The legs that protect a holding at a broker: kept at what is held, under the holding's plan, as one plan.

An exit cancels all legs of its symbol, an addition brings legs of its own under another plan. What should rest then is
promised first, one intent for all of the holding, under a new number; then whatever rests is cancelled; then the
promise is sent. It can't be sent before: the broker holds the shares for the old legs. A crash in between leaves the
promise, and the next reconcile keeps it, under the same client order id. Until then the monitor guards the holding, as
it does where a broker keeps no legs: these intents are in no book, so that nothing takes them for an exit on its way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from domain.book import Position
from domain.errors import NotFound
from domain.orders import LEGS, IntentState, OrderIntent, RestingLeg, client_order_id
from domain.ports import Protecting
from domain.proposal import OrderType
from domain.trade import ExitKind, ExitPlan, Side
from graph.context import Context, Till

GRID = Decimal("0.01")
"""Prices closer than this are the same: brokers put them on their grid."""
NOT_SENT = "not sent: "
"""How the problem of an intent begins that ended before any broker heard of it."""
NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Scene:
    """Book and broker side by side: holdings as either tells them, our open intents, the legs that rest."""

    book: Mapping[str, Position]
    open: Sequence[OrderIntent]
    held: Mapping[str, Decimal]
    legs: Sequence[RestingLeg]


def legs_lock(till: Till, symbol: str) -> str:
    """Name the lock under which legs of a symbol are cancelled and sent; taken last, after that of a proposal."""
    return f"legs:{till.portfolio}/{symbol}"


def misfits(ctx: Context) -> tuple[str, ...]:
    """Name the symbols whose legs at the broker are not what their holdings need.

    Raises:
        Transient: the broker did not answer.
    """
    if not isinstance(ctx.broker, Protecting):
        return ()
    scene = _look(ctx, ctx.broker)
    ours = {*scene.book, *(intent.symbol for intent in scene.open if intent.protects)}
    return tuple(symbol for symbol in sorted(ours) if _due(scene, symbol) is not None)


def promise_legs(ctx: Context, broker: Protecting, symbol: str) -> OrderIntent | None:
    """Commit the legs that are missing, to be driven; cancel those that protect nothing. The caller holds the lock.

    None where all is well, where an entry may still bring legs of its own, and where the same was refused before.

    Raises:
        Transient: the broker did not answer.
    """
    scene = _look(ctx, broker, symbol)
    for intent in scene.open:
        if intent.protects and intent.symbol == symbol and intent.state is IntentState.PENDING:
            return intent
    quantity = _due(scene, symbol, by_hand=_by_hand(ctx, scene, symbol))
    if quantity is None:
        return None
    if quantity == NOTHING:
        broker.cancel_legs(symbol)
        return None
    return _commit(ctx, scene.book[symbol], quantity)


def outgrown(ctx: Context, intent: OrderIntent) -> str | None:
    """Say why legs that were promised are not wanted any more, or None: asked just before they are sent."""
    if not intent.protects or not isinstance(ctx.broker, Protecting):
        return None
    scene = _look(ctx, ctx.broker, intent.symbol, without=intent)
    quantity = _due(scene, intent.symbol, by_hand=_by_hand(ctx, scene, intent.symbol))
    if not quantity or _terms(intent) != (quantity, *_prices(_plan(scene, intent.symbol))):
        return f"{intent.symbol} needs other legs by now"
    return None


def tell_refused(till: Till, intent: OrderIntent) -> None:
    """Alert people, once, that a broker does not take the legs of a holding: the monitor guards it alone."""
    late = intent.session != till.clock.session()
    if intent.state is not IntentState.REJECTED or late or intent.problem.startswith(NOT_SENT):
        return
    text = f"{intent.quantity} {intent.symbol} have no stop at the broker, the monitor guards them: {intent.problem}"
    payload = {"kind": "legs_refused", "level": "critical", "text": text}
    key = f"legs_refused:{till.portfolio}:{intent.client_order_id}"
    till.ledger.post(till.portfolio, "alert", key, payload, till.clock.wall())


def _look(ctx: Context, broker: Protecting, symbol: str | None = None, without: OrderIntent | None = None) -> Scene:
    open_intents = ctx.ledger.intents(ctx.portfolio, open_only=True)
    others = [i for i in open_intents if without is None or i.client_order_id != without.client_order_id]
    legs = broker.resting_legs(symbol)
    held = {p.symbol: p.quantity for p in ctx.broker.positions()}
    return Scene(ctx.ledger.positions(ctx.portfolio), others, held, legs)


def _due(scene: Scene, symbol: str, by_hand: Decimal = NOTHING) -> Decimal | None:
    """Tell for how many units legs should rest in the place of those that do; None to leave it as it is.

    While book and broker tell different holdings only what has no stop at all is looked after, for the lesser of both.
    """
    orders = [intent for intent in scene.open if intent.symbol == symbol]
    plan, position = _plan(scene, symbol), scene.book.get(symbol)
    if any(_in_the_way(intent) for intent in orders) or (position is not None and plan is None):
        return None
    legs = [leg for leg in scene.legs if leg.symbol == symbol]
    ours = Decimal(str(position.quantity)) if position is not None else NOTHING
    theirs = scene.held.get(symbol, NOTHING)
    if ours != theirs and (legs or ours * theirs <= 0):
        return None
    leaving = sum((i.quantity - i.filled_quantity for i in orders if not i.protects), NOTHING)
    wanted = max(min(abs(ours), abs(theirs)) - leaving - by_hand, NOTHING).to_integral_value(ROUND_DOWN)
    return None if _fit(legs, plan, wanted) else wanted


def _in_the_way(intent: OrderIntent) -> bool:
    """An entry that may still be filled, and legs of which nobody knows whether they rest."""
    return not intent.reduces or (intent.protects and intent.state in {IntentState.SUBMITTING, IntentState.UNKNOWN})


def _fit(legs: Sequence[RestingLeg], plan: ExitPlan | None, wanted: Decimal) -> bool:
    if plan is None or not wanted:
        return not legs
    stop, target = _prices(plan)
    for kind, price in ((ExitKind.STOP, stop), (ExitKind.TARGET, target)):
        mine = [leg for leg in legs if leg.kind is kind]
        if sum((leg.quantity for leg in mine), NOTHING) != (NOTHING if price is None else wanted):
            return False
        if any(price is None or abs(leg.price - price) >= GRID for leg in mine):
            return False
    return True


def _by_hand(ctx: Context, scene: Scene, symbol: str) -> Decimal:
    """Units that orders which are not ours already sell, or buy back."""
    mine = {intent.client_order_id for intent in scene.open}
    side = Side.SELL if scene.held.get(symbol, NOTHING) > 0 else Side.BUY
    theirs = [o for o in ctx.broker.open_orders() if o.symbol == symbol and o.side is side]
    return sum((o.quantity - o.filled_quantity for o in theirs if o.client_order_id not in mine), NOTHING)


def _plan(scene: Scene, symbol: str) -> ExitPlan | None:
    position = scene.book.get(symbol)
    return position.plan if position is not None else None


def _prices(plan: ExitPlan | None) -> tuple[Decimal | None, Decimal | None]:
    if plan is None:
        return None, None
    target = plan.take_profit_price
    return Decimal(repr(round(plan.stop_price, 4))), None if target is None else Decimal(repr(round(target, 4)))


def _terms(intent: OrderIntent) -> tuple[Decimal, Decimal | None, Decimal | None]:
    return intent.quantity, intent.stop_price, intent.take_profit_price


def _commit(ctx: Context, position: Position, quantity: Decimal) -> OrderIntent | None:
    try:
        owner = ctx.ledger.proposal(position.proposal_id or "")
    except NotFound:  # nobody proposed it: there is nothing to name an order after
        return None
    stop, target = _prices(position.plan)
    session, number = ctx.clock.session(), 1
    for earlier in ctx.ledger.intents(ctx.portfolio, proposal_id=owner.id):
        if earlier.protects and earlier.version == owner.version:
            number += 1
            refused = earlier.state is IntentState.REJECTED and not earlier.problem.startswith(NOT_SENT)
            if refused and earlier.session == session and _terms(earlier) == (quantity, stop, target):
                return None
    leg = f"{LEGS}-{number}"
    intent = OrderIntent(
        client_order_id=client_order_id(owner.id, owner.version, leg),
        portfolio=ctx.portfolio,
        proposal_id=owner.id,
        version=owner.version,
        leg=leg,
        symbol=position.symbol,
        side=Side.SELL if position.quantity > 0 else Side.BUY,
        quantity=quantity,
        order_type=OrderType.STOP if target is None else OrderType.BRACKET,
        stop_price=stop,
        take_profit_price=target,
        reduces=True,
        session=session,
        control_epoch=owner.control_epoch,
        created_at=ctx.clock.now(),
        valid_until=ctx.market.closes(session),
    )
    return ctx.ledger.commit_legs(intent)
