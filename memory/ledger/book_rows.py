"""What a book is read from: prepared queries for columns, not objects, because a book is read at every step."""

from datetime import date

from sqlalchemy import BindParameter, bindparam, func, select

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
POINTS, FILLS, PROPOSALS = table_of(EquityPointRow), table_of(FillRow), table_of(ProposalRow)
HELD, INTENTS, BY_HAND = table_of(PositionRow), table_of(IntentRow), table_of(ExternalOrderRow)
ROOM, DIFFERENCES = table_of(ReservationRow), table_of(MismatchRow)
BEFORE = POINTS.alias()

POSITIONS = Prepared(select(*HELD.c).where(HELD.c.portfolio == OF).order_by(HELD.c.symbol))
OPEN_INTENTS = Prepared(
    select(*INTENTS.c)
    .where(INTENTS.c.portfolio == OF, INTENTS.c.state.in_(WORKING))
    .order_by(INTENTS.c.created_at, INTENTS.c.client_order_id)
)
EXTERNAL_ORDERS = Prepared(select(*BY_HAND.c).where(BY_HAND.c.portfolio == OF).order_by(BY_HAND.c.broker_order_id))
RESERVATIONS = Prepared(select(*ROOM.c).where(ROOM.c.portfolio == OF).order_by(ROOM.c.proposal_id))
TOLD = (
    *("id", "symbol", "side", "price", "quantity", "filled_quantity"),
    *("status", "reduces", "exit_kind", "payload_hash"),
)
PROPOSALS_OF_DAY = Prepared(
    select(*(PROPOSALS.c[name] for name in TOLD))
    .where(PROPOSALS.c.portfolio == OF, PROPOSALS.c.session == DAY, PROPOSALS.c.side.is_not(None))
    .order_by(PROPOSALS.c.created_at, PROPOSALS.c.batch_id, PROPOSALS.c.rank)
)
"""Of each proposal only what a book tells; its long texts stay where they are."""
FILLS_SINCE = Prepared(
    select(*(FILLS.c[name] for name in ("session", "symbol", "side", "leg")))
    .where(FILLS.c.portfolio == OF, FILLS.c.session > SINCE, FILLS.c.session <= DAY)
    .order_by(FILLS.c.session, FILLS.c.symbol, FILLS.c.at, FILLS.c.execution_id)
)
SURVIVED = Prepared(select(func.count()).where(DIFFERENCES.c.portfolio == OF, DIFFERENCES.c.survived))
UNIT_VALUES = Prepared(
    select(POINTS.c.unit_value, BEFORE.c.unit_value)
    .join(BEFORE, (BEFORE.c.portfolio == POINTS.c.portfolio) & (BEFORE.c.session == POINTS.c.previous))
    .where(POINTS.c.portfolio == OF, POINTS.c.session == DAY)
)
