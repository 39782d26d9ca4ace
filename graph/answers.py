"""Turn a person's yes or no into one bound approval: what exactly, how much at most, at which prices."""

from typing import Literal, Protocol

from domain.errors import BadInput
from domain.ports import Clock
from domain.records import Approval, ProposalRecord
from domain.storage import Ledger
from domain.verdict import Outcome
from graph.collar import collar

Answer = Literal["approve", "reject"]


class Registry(Protocol):
    """What it takes to answer: no broker, no model, no graph."""

    @property
    def clock(self) -> Clock:
        """Market time."""

    @property
    def ledger(self) -> Ledger:
        """The truth."""


def answer_card(
    ctx: Registry,
    record: ProposalRecord,
    *,
    answer: str,
    by: str,
    channel: str,
    half: bool = False,
    quantity: float | None = None,
    reason: str = "",
) -> ProposalRecord:
    """Record the answer to what `record` shows; the first valid answer wins.

    Raises:
        BadInput: more than was shown, or nothing at all.
        AlreadyDecided: another answer, expiry or another version came first.
    """
    if answer not in {"approve", "reject"}:
        raise BadInput(f"answer {answer!r} is neither approve nor reject", "say one of them")
    shown = shown_quantity(record)
    allowed = allowed_quantity(record, shown, half=half, quantity=quantity) if answer == "approve" else 0.0
    low, high = _collar(ctx, record)
    return ctx.ledger.decide(
        Approval(
            proposal_id=record.id,
            version=record.version,
            answer="approve" if answer == "approve" else "reject",
            by=by,
            channel=channel,
            at=ctx.clock.now(),
            payload_hash=record.payload_hash,
            quantity=allowed,
            collar_low=low,
            collar_high=high,
            shown=shown_breaches(record),
            reason=reason,
            hindsight=ctx.clock.replay,
        )
    )


def shown_quantity(record: ProposalRecord) -> float:
    """What the card offers: what the last verdict allows, or less, where a person has asked for less."""
    return min(record.verdict.quantity, record.quantity) if record.verdict else 0.0


def shown_breaches(record: ProposalRecord) -> dict[str, float | None]:
    """The soft breaches that the card shows, each with the value it shows."""
    results = record.verdict.results if record.verdict else ()
    return {result.rule: result.observed for result in results if result.outcome is Outcome.SOFT}


def allowed_quantity(record: ProposalRecord, shown: float, *, half: bool, quantity: float | None) -> float:
    """Work out what a yes grants of what was `shown`; raises BadInput for more than that, or for less than a unit."""
    lot = record.trade.lot if record.trade else 1.0
    if quantity is not None:
        if not 0.0 < quantity <= shown:
            raise BadInput(f"quantity {quantity:g} is not between 0 and the {shown:g} that were shown", "only downward")
        if abs(quantity / lot - round(quantity / lot)) > 1e-9:  # noqa: PLR2004 - rounding noise
            raise BadInput(f"quantity {quantity:g} is not a multiple of {lot:g}", "give whole units")
        return quantity
    if not half:
        return shown
    halved = shown / 2.0 // lot * lot
    if halved <= 0.0:
        raise BadInput(f"half of {shown:g} is less than one unit", "approve it whole, or reject it")
    return halved


def _collar(ctx: Registry, record: ProposalRecord) -> tuple[float | None, float | None]:
    if record.trade is None or record.verdict is None:
        return None, None
    market = ctx.ledger.snapshot(record.verdict.snapshot_digest)
    return collar(record.trade.symbol, record.trade.price, market)
