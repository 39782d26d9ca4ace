"""The position rows: what fills and adjustments make of them, with the exit plan as splits have left it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy import bindparam, delete
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, or_, select

from domain.adjustment import AdjustmentKind
from memory.ledger.holding import EXTERNAL, Holding, fold
from memory.ledger.prepared import Prepared
from memory.ledger.proposal_rows import hold_proposal
from memory.ledger.sql import by_key, put, run, table_of
from memory.ledger.tables import AdjustmentRow, FillRow, PositionRow

Event = FillRow | AdjustmentRow
Moment = tuple[datetime, str]

POSITIONS, FILLS, ADJUSTMENTS = table_of(PositionRow), table_of(FillRow), table_of(AdjustmentRow)
CLOSE = Prepared(
    delete(POSITIONS).where(POSITIONS.c.portfolio == bindparam("whose"), POSITIONS.c.symbol == bindparam("what"))
)
LAST_FILL = Prepared(
    select_columns(FILLS.c.at, FILLS.c.execution_id)
    .where(FILLS.c.portfolio == bindparam("whose"), FILLS.c.symbol == bindparam("what"))
    .order_by(FILLS.c.at.desc(), FILLS.c.execution_id.desc())
    .limit(1)
)
ANY_ADJUSTMENT = Prepared(
    select_columns(ADJUSTMENTS.c.number).where(ADJUSTMENTS.c.portfolio == bindparam("whose")).limit(1)
)
"""Whether there is any: most portfolios have none, and each fill asks several times."""


def holding_of(db: Session, portfolio: str, symbol: str) -> Holding:
    """Read a holding; an empty one where there is none."""
    row = by_key(db, PositionRow, portfolio, symbol)
    return Holding(row.quantity, row.cost, row.opened, row.proposal_id) if row else Holding()


def refold(db: Session, portfolio: str, symbol: str) -> Holding:
    """Reckon a holding from its first event on and store it."""
    holding = fold(Holding(), events_of(db, portfolio, symbol), symbol)
    store_holding(db, portfolio, symbol, holding)
    return holding


def store_holding(db: Session, portfolio: str, symbol: str, holding: Holding) -> None:
    """Write a holding down, or its end."""
    if holding.opened is None or holding.proposal_id is None or not holding.quantity:
        run(db, CLOSE, whose=portfolio, what=symbol)
        return
    put(
        db,
        PositionRow,
        portfolio=portfolio,
        symbol=symbol,
        quantity=holding.quantity,
        cost=holding.cost,
        opened=holding.opened,
        plan=_plan(db, portfolio, symbol, holding),
        proposal_id=holding.proposal_id,
    )


def events_of(db: Session, portfolio: str, symbol: str) -> Sequence[Event]:
    """List what made a holding, in the order in which it counts."""
    fills = db.exec(select(FillRow).where(FillRow.portfolio == portfolio, FillRow.symbol == symbol))
    return sorted([*fills, *_adjustments(db, portfolio, symbol)], key=moment_of)


def newest_moment(db: Session, portfolio: str, symbol: str) -> Moment | None:
    """Tell when the last event of a holding was; None where there is none."""
    fills = [(_aware(fill.at), fill.execution_id) for fill in run(db, LAST_FILL, whose=portfolio, what=symbol)]
    return max([*fills, *map(moment_of, _adjustments(db, portfolio, symbol))], default=None)


def moment_of(event: Event) -> Moment:
    """Tell where an event stands in the order."""
    return _aware(event.at), event.execution_id if isinstance(event, FillRow) else ""


def _adjustments(db: Session, portfolio: str, symbol: str) -> Sequence[AdjustmentRow]:
    if not run(db, ANY_ADJUSTMENT, whose=portfolio):
        return ()
    wanted = select(AdjustmentRow).where(
        AdjustmentRow.portfolio == portfolio, or_(AdjustmentRow.symbol == symbol, AdjustmentRow.new_symbol == symbol)
    )
    return db.exec(wanted.order_by(col(AdjustmentRow.at), col(AdjustmentRow.number))).all()


def plan_key(symbol: str, holding: Holding) -> str:
    """Name the plan that the desk gives a holding which no proposal opened."""
    return f"plan:{symbol}:{holding.opened}:{'long' if holding.quantity > 0 else 'short'}"


def _plan(db: Session, portfolio: str, symbol: str, holding: Holding) -> dict[str, object] | None:
    """The plan of the proposal that opened it, or the desk's own, its prices divided by every split since."""
    plan, made_at = _given(db, portfolio, symbol, holding)
    if not isinstance(plan, dict) or made_at is None:
        return None
    ratio = Decimal(1)
    for row in _splits_since(db, portfolio, symbol, made_at):
        ratio *= Decimal(row.new_units) / row.old_units
    priced = ("stop_price", "take_profit_price")
    return plan | {k: round(plan[k] / float(ratio), 4) for k in priced if ratio != 1 and plan.get(k) is not None}


def _given(db: Session, portfolio: str, symbol: str, holding: Holding) -> tuple[object, datetime | None]:
    if holding.proposal_id is None or holding.proposal_id == EXTERNAL:
        mine = select(AdjustmentRow).where(
            AdjustmentRow.portfolio == portfolio, AdjustmentRow.key == plan_key(symbol, holding)
        )
        row = db.exec(mine).first()
        return (row.plan, row.at) if row else (None, None)
    proposal = hold_proposal(db, holding.proposal_id)
    return (proposal.trade or {}).get("plan"), proposal.created_at


def names_of(db: Session, portfolio: str, symbol: str) -> frozenset[str]:
    """List what a symbol was called before, and its name of today."""
    names = {symbol}
    for row in _newest_first(db, portfolio):
        if row.kind is AdjustmentKind.RENAME and row.new_symbol in names:
            names.add(row.symbol)
    return frozenset(names)


def _splits_since(db: Session, portfolio: str, symbol: str, since: datetime) -> list[AdjustmentRow]:
    names = names_of(db, portfolio, symbol)
    return [
        row
        for row in _newest_first(db, portfolio)
        if row.kind is AdjustmentKind.SPLIT and row.symbol in names and moment_of(row)[0] > _aware(since)
    ]


def _newest_first(db: Session, portfolio: str) -> Sequence[AdjustmentRow]:
    if not run(db, ANY_ADJUSTMENT, whose=portfolio):
        return ()
    every = select(AdjustmentRow).where(AdjustmentRow.portfolio == portfolio)
    return db.exec(every.order_by(col(AdjustmentRow.number).desc())).all()


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)
