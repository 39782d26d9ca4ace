"""Build the durable promise of one order from an accepted proposal."""

from datetime import timedelta
from decimal import Decimal

from domain.errors import RunAborted
from domain.orders import OrderIntent, client_order_id
from domain.records import ProposalRecord
from graph.collar import collar
from graph.context import Context

VALID_SECONDS = 120
"""An intent may be sent first, or sent again, for this long."""


def order_id_of(record: ProposalRecord) -> str:
    """Name the order of a proposal's present version."""
    return client_order_id(record.id, record.version, _leg(record))


def build_intent(ctx: Context, record: ProposalRecord) -> OrderIntent:
    """Promise what the verdict allows, and no more.

    Raises:
        RunAborted: the proposal has no verdict that lets it trade.
    """
    trade, verdict = record.trade, record.verdict
    if trade is None or verdict is None or not verdict.decision.goes_on or verdict.quantity <= 0.0:
        raise RunAborted(f"P-{record.id} has no verdict that lets it trade", "look at it with `pm why`")
    now = ctx.clock.now()
    as_of = ctx.market.opens(record.session) if ctx.clock.replay else now
    market = ctx.market.snapshot((trade.symbol,), record.session, as_of)
    low, high = collar(trade.symbol, trade.price, market)
    return OrderIntent(
        client_order_id=order_id_of(record),
        portfolio=record.portfolio,
        proposal_id=record.id,
        version=record.version,
        leg=_leg(record),
        symbol=trade.symbol,
        side=trade.side,
        quantity=_exact(verdict.quantity),
        order_type=record.proposal.order_type,
        limit_price=_price(record.proposal.limit_price),
        stop_price=_price(record.proposal.stop_price) if record.proposal.order_type.uses_stop else None,
        take_profit_price=_price(record.proposal.take_profit_price),
        plan_stop=_price(trade.plan.stop_price) if trade.plan else None,
        plan_target=_price(trade.plan.take_profit_price) if trade.plan else None,
        reduces=trade.reduces,
        session=record.session,
        control_epoch=record.control_epoch,
        collar_low=_price(low),
        collar_high=_price(high),
        created_at=now,
        valid_until=now + timedelta(seconds=VALID_SECONDS),
    )


def _leg(record: ProposalRecord) -> str:
    return "exit" if record.trade and record.trade.reduces else "entry"


def _exact(units: float) -> Decimal:
    return Decimal(repr(round(units, 6))).quantize(Decimal("0.000001")).normalize() + 0


def _price(price: float | None) -> Decimal | None:
    return None if price is None else Decimal(repr(round(price, 4)))
