"""The last look before an order leaves for the first time: control state, session, age, price collar."""

from decimal import Decimal

from domain.book import ControlState
from domain.orders import OrderIntent
from domain.ports import Bracketing
from domain.proposal import Origin
from domain.trade import ExitKind
from graph.context import Context
from graph.protection import outgrown


def obstacle(ctx: Context, intent: OrderIntent) -> str | None:
    """Say why `intent` may not be sent now, or None where nothing stands in its way."""
    return forbidden(ctx, intent) or _age(ctx, intent) or _price(ctx, intent) or outgrown(ctx, intent)


def forbidden(ctx: Context, intent: OrderIntent) -> str | None:
    """Say why the control state forbids `intent` now, or None; read last, after everything that takes time.

    Legs that protect a holding are the stop that was approved with it: no state forbids those.
    """
    if intent.protects:
        return None
    control = ctx.ledger.control(ctx.portfolio)
    if control.state is ControlState.HALTED:
        return None if intent.reduces and _may_leave_halted(ctx, intent) else "the desk is HALTED"
    if intent.reduces:
        return None
    if control.state is ControlState.REDUCING:
        return "the desk is REDUCING and this order adds exposure"
    if control.epoch != intent.control_epoch:
        return "the desk was halted or reduced after this was decided"
    return None


def _may_leave_halted(ctx: Context, intent: OrderIntent) -> bool:
    """A flatten, or the stop that was approved with the entry where none rests at the broker.

    Legs go with a partial exit, or with an entry that was cancelled half filled: what is left is the monitor's.
    """
    record = ctx.ledger.proposal(intent.proposal_id)
    if record.origin is Origin.FLATTEN:
        return True
    stops = record.origin is Origin.MONITOR and record.exit_kind is ExitKind.STOP
    rests = isinstance(ctx.broker, Bracketing) and ctx.broker.has_legs(intent.symbol)
    return stops and not rests


def _age(ctx: Context, intent: OrderIntent) -> str | None:
    if ctx.clock.session() > intent.session:
        return f"its session {intent.session} is over"
    if ctx.clock.now() > intent.valid_until:
        return f"it was good until {intent.valid_until:%Y-%m-%d %H:%M:%S} UTC"
    return None


def _price(ctx: Context, intent: OrderIntent) -> str | None:
    if intent.reduces or intent.collar_low is None or intent.collar_high is None:
        return None
    if intent.limit_price is not None:  # the limit itself bounds the price, and may rest far from the market
        return None
    as_of = ctx.market.opens(intent.session) if ctx.clock.replay else ctx.clock.now()
    price = ctx.market.snapshot((intent.symbol,), intent.session, as_of).price(intent.symbol)
    if price is None:
        return f"the feed has no price for {intent.symbol}"
    if not intent.collar_low <= Decimal(str(price)) <= intent.collar_high:
        return f"price {price:.2f} is outside the collar {intent.collar_low} to {intent.collar_high}"
    return None
