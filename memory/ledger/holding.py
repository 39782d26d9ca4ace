"""What a run of fills and adjustments adds up to: quantity, cost with commission, cash; exact to the millionth."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from domain.adjustment import AdjustmentKind
from domain.trade import Side
from memory.ledger.tables import AdjustmentRow, FillRow
from memory.ledger.types import to_micro

EXTERNAL = "external"
"""Stands where the id of a proposal would: nobody proposed this holding to us."""


class Holding(NamedTuple):
    """A position: `cost` is what its units cost with commission, or what they brought when short."""

    quantity: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)
    opened: date | None = None
    proposal_id: str | None = None


def cash_flow(fill: FillRow) -> Decimal:
    """Tell what a fill does to cash: purchases pay price and commission, sales bring the price less commission."""
    notional = fill.quantity * fill.price
    return to_micro(-notional - fill.commission if fill.side is Side.BUY else notional - fill.commission)


def fold(holding: Holding, events: Iterable[FillRow | AdjustmentRow], symbol: str = "") -> Holding:
    """Apply fills and adjustments, given in their order; `symbol` is which side of a rename is looked at."""
    for event in events:
        if isinstance(event, FillRow):
            moved = event.quantity if event.side is Side.BUY else -event.quantity
            holding = _move(holding, moved, abs(cash_flow(event)), event.session, event.proposal_id)
        else:
            holding = _adjust(holding, event, symbol)
    return holding


def _adjust(held: Holding, event: AdjustmentRow, symbol: str) -> Holding:
    if event.kind is AdjustmentKind.SPLIT:
        if not held.quantity:
            return held
        whole = held.quantity * event.new_units / event.old_units
        left = to_micro(whole) + event.quantity
        return held._replace(quantity=left, cost=to_micro(held.cost * left / whole)) if left else Holding()
    if event.kind is AdjustmentKind.RENAME:
        if symbol == event.symbol:
            return Holding()
        opened, proposal_id = event.opened or held.opened, event.proposal_id or held.proposal_id
        return Holding(held.quantity + event.carried, held.cost + event.cost, opened, proposal_id)
    if not event.quantity:
        return held
    amount = abs(event.cash) or abs(to_micro(event.quantity * (event.price or Decimal(0))))
    return _move(held, event.quantity, amount, event.session, held.proposal_id or EXTERNAL)


def _move(held: Holding, moved: Decimal, amount: Decimal, session: date, proposal_id: str) -> Holding:
    if held.quantity * moved >= 0:
        return Holding(
            quantity=held.quantity + moved,
            cost=held.cost + amount,
            opened=held.opened or session,
            proposal_id=proposal_id,
        )
    left = held.quantity + moved
    if left == 0:
        return Holding()
    if left * held.quantity > 0:
        return held._replace(quantity=left, cost=to_micro(held.cost * left / held.quantity))
    # Crossing zero closes the old position and opens one on the other side, which bears its share of the commission.
    share = abs(left) / abs(moved)
    return Holding(left, to_micro(amount * share), session, proposal_id)
