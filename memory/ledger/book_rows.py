"""What a book is read from: prepared queries for columns, not objects, because a book is read at every step."""

from datetime import date

from sqlalchemy import BindParameter, bindparam
from sqlalchemy.orm import aliased
from sqlmodel import col, func, select

from domain.orders import IntentState
from memory.ledger.prepared import Prepared
from memory.ledger.sql import table_of
from memory.ledger.tables import (
    EquityPointRow,
    ExternalOrderRow,
    FillRow,
    IntentRow,
    MismatchRow,
    PositionRow,
    ProposalRow,
    ReservationRow,
)

WORKING = tuple(state for state in IntentState if not state.is_final)
OF: BindParameter[str] = bindparam("portfolio")
DAY: BindParameter[date] = bindparam("day")
SINCE: BindParameter[date] = bindparam("since")
_BEFORE = aliased(EquityPointRow)

POSITIONS = Prepared(
    select(*table_of(PositionRow).c).where(col(PositionRow.portfolio) == OF).order_by(PositionRow.symbol)
)
OPEN_INTENTS = Prepared(
    select(*table_of(IntentRow).c)
    .where(col(IntentRow.portfolio) == OF, col(IntentRow.state).in_(WORKING))
    .order_by(col(IntentRow.created_at), IntentRow.client_order_id)
)
EXTERNAL_ORDERS = Prepared(
    select(*table_of(ExternalOrderRow).c)
    .where(col(ExternalOrderRow.portfolio) == OF)
    .order_by(ExternalOrderRow.broker_order_id)
)
RESERVATIONS = Prepared(
    select(*table_of(ReservationRow).c).where(col(ReservationRow.portfolio) == OF).order_by(ReservationRow.proposal_id)
)
TOLD = (
    *("id", "symbol", "side", "price", "quantity", "filled_quantity"),
    *("status", "reduces", "exit_kind", "payload_hash"),
)
PROPOSALS_OF_DAY = Prepared(
    select(*(col(getattr(ProposalRow, name)) for name in TOLD))
    .where(col(ProposalRow.portfolio) == OF, col(ProposalRow.session) == DAY, col(ProposalRow.side).is_not(None))
    .order_by(col(ProposalRow.created_at), ProposalRow.batch_id, col(ProposalRow.rank))
)
"""Of each proposal only what a book tells; its long texts stay where they are."""
FILLS_SINCE = Prepared(
    select(*(col(getattr(FillRow, name)) for name in ("session", "symbol", "side", "leg")))
    .where(col(FillRow.portfolio) == OF, col(FillRow.session) > SINCE, col(FillRow.session) <= DAY)
    .order_by(col(FillRow.session), FillRow.symbol, col(FillRow.at), FillRow.execution_id)
)
SURVIVED = Prepared(select(func.count()).where(col(MismatchRow.portfolio) == OF, col(MismatchRow.survived)))
UNIT_VALUES = Prepared(
    select(*(col(point.unit_value) for point in (EquityPointRow, _BEFORE)))
    .join(
        _BEFORE,
        (col(_BEFORE.portfolio) == EquityPointRow.portfolio) & (col(_BEFORE.session) == EquityPointRow.previous),
    )
    .where(col(EquityPointRow.portfolio) == OF, col(EquityPointRow.session) == DAY)
)
