"""What a run of fills adds up to: quantity, cost with commission, cash; exact to the millionth."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from domain.trade import Side
from memory.ledger.tables import FillRow
from memory.ledger.types import to_micro


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


def fold(holding: Holding, fills: Iterable[FillRow]) -> Holding:
    """Apply fills, given in the order (time, execution id)."""
    for fill in fills:
        holding = _apply(holding, fill)
    return holding


def _apply(held: Holding, fill: FillRow) -> Holding:
    moved = fill.quantity if fill.side is Side.BUY else -fill.quantity
    if held.quantity * moved >= 0:
        return Holding(
            quantity=held.quantity + moved,
            cost=held.cost + abs(cash_flow(fill)),
            opened=held.opened or fill.session,
            proposal_id=fill.proposal_id,
        )
    left = held.quantity + moved
    if left == 0:
        return Holding()
    if left * held.quantity > 0:
        return held._replace(quantity=left, cost=to_micro(held.cost * left / held.quantity))
    # Crossing zero closes the old position and opens one on the other side, which bears its share of the commission.
    share = abs(left) / fill.quantity
    return Holding(left, to_micro(abs(cash_flow(fill)) * share), fill.session, fill.proposal_id)
