"""Reading a portfolio's book: its cost depends on what is held, open and of this session, never on the history."""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from itertools import groupby

from sqlmodel import Session, col, func, select

from domain.book import Book, Position, RecentProposal, Reservation, TradeToday, WorkingOrder
from domain.errors import NoData
from domain.orders import IntentState
from domain.records import ProposalStatus
from domain.trade import ExitKind, ExitPlan
from memory.ledger.accounts import account_of, control_of
from memory.ledger.calibration_store import read_calibrations
from memory.ledger.proposal_rows import HOLDS_ROOM
from memory.ledger.tables import (
    EquityPointRow,
    FillRow,
    IntentRow,
    MismatchRow,
    PortfolioRow,
    PositionRow,
    ProposalRow,
    ReservationRow,
)

WORKING = tuple(state for state in IntentState if not state.is_final)
UNCERTAIN = frozenset({IntentState.UNKNOWN, IntentState.QUARANTINED})
ACCEPTED = frozenset({*HOLDS_ROOM, ProposalStatus.EXECUTING, ProposalStatus.DONE, ProposalStatus.QUARANTINED})


def read_book(
    session: Session,
    portfolio: str,
    day: date,
    prices: Mapping[str, float],
    without: Collection[str] = (),
    now: datetime | None = None,
) -> Book:
    """Read the book at `prices` (dollars), without the room and the records of the proposals in `without`.

    The account's age is measured at `now`; None, where time stands still, leaves it unknown.

    Raises:
        NotFound: no such portfolio.
        NoData: something held or on order has no price.
    """
    account = account_of(session, portfolio)
    positions = _positions(session, portfolio)
    cash = float(account.cash)
    equity = cash + sum(held.quantity * _price(prices, symbol) for symbol, held in positions.items())
    intents = _open_intents(session, portfolio)
    today = _proposals_of(session, portfolio, day, without)
    control = control_of(session, portfolio)
    return Book(
        portfolio=portfolio,
        session=day,
        cash=cash,
        equity=equity,
        positions=positions,
        working=tuple(_working(intent, prices) for intent in intents if intent.filled_quantity < intent.quantity),
        reservations=_reservations(session, portfolio, without),
        unit_value=equity / float(account.units),
        reference_high=account.reference_high,
        all_time_high=account.all_time_high,
        last_session_return=_last_return(session, account, day),
        control=control.state,
        control_epoch=control.epoch,
        trades_today=tuple(trade for row in today if (trade := _trade_today(row))),
        recent=tuple(recent for row in today if (recent := _recent(row))),
        stopped_out=_stopped_out(session, portfolio, day, today),
        unknown_orders=sum(intent.state in UNCERTAIN for intent in intents),
        mismatches=_mismatches(session, portfolio),
        account_age_seconds=(now - account.account_seen_at).total_seconds()
        if now is not None and account.account_seen_at is not None
        else None,
        day_trades=_day_trades(session, portfolio, day),
        calibrations=read_calibrations(session, portfolio),
    )


def _price(prices: Mapping[str, float], symbol: str) -> float:
    if symbol not in prices:
        raise NoData(f"{symbol} is held or on order and has no price", "use a feed that has it")
    return prices[symbol]


def _positions(session: Session, portfolio: str) -> dict[str, Position]:
    rows = session.exec(select(PositionRow).where(PositionRow.portfolio == portfolio).order_by(PositionRow.symbol))
    return {
        row.symbol: Position(
            symbol=row.symbol,
            quantity=float(row.quantity),
            average_price=max(0.0, float(row.cost / abs(row.quantity))),
            opened=row.opened,
            plan=ExitPlan.model_validate(row.plan) if row.plan else None,
            proposal_id=row.proposal_id,
        )
        for row in rows
    }


def _open_intents(session: Session, portfolio: str) -> list[IntentRow]:
    working = select(IntentRow).where(IntentRow.portfolio == portfolio, col(IntentRow.state).in_(WORKING))
    return list(session.exec(working.order_by(col(IntentRow.created_at), IntentRow.client_order_id)))


def _working(row: IntentRow, prices: Mapping[str, float]) -> WorkingOrder:
    return WorkingOrder(
        client_order_id=row.client_order_id,
        proposal_id=row.proposal_id,
        symbol=row.symbol,
        side=row.side,
        quantity=float(row.quantity - row.filled_quantity),
        price=_price(prices, row.symbol),
        reduces=row.reduces,
        uncertain=row.state in UNCERTAIN,
    )


def _reservations(session: Session, portfolio: str, without: Collection[str]) -> tuple[Reservation, ...]:
    taken = select(ReservationRow).where(ReservationRow.portfolio == portfolio).order_by(ReservationRow.proposal_id)
    return tuple(
        Reservation.model_validate(row.model_dump(exclude={"portfolio"}))
        for row in session.exec(taken)
        if row.proposal_id not in without
    )


def _proposals_of(session: Session, portfolio: str, day: date, without: Collection[str]) -> list[ProposalRow]:
    of_day = select(ProposalRow).where(ProposalRow.portfolio == portfolio, ProposalRow.session == day)
    ordered = of_day.order_by(col(ProposalRow.created_at), ProposalRow.batch_id, col(ProposalRow.rank))
    return [row for row in session.exec(ordered) if row.id not in without and row.side is not None]


def _trade_today(row: ProposalRow) -> TradeToday | None:
    if row.side is None or row.price is None or not (row.status in ACCEPTED or row.filled_quantity):
        return None
    quantity = row.filled_quantity if row.status.is_final else row.quantity
    return TradeToday(
        proposal_id=row.id,
        symbol=row.symbol,
        side=row.side,
        notional=float(quantity) * row.price,
        entry=not row.reduces,
    )


def _recent(row: ProposalRow) -> RecentProposal | None:
    if row.side is None:
        return None
    return RecentProposal(proposal_id=row.id, symbol=row.symbol, side=row.side, payload_hash=row.payload_hash)


def _stopped_out(session: Session, portfolio: str, day: date, today: list[ProposalRow]) -> tuple[str, ...]:
    at_the_broker = select(FillRow.symbol).where(
        FillRow.portfolio == portfolio, FillRow.session == day, FillRow.leg == ExitKind.STOP
    )
    stopped = {row.symbol for row in today if row.exit_kind is ExitKind.STOP and _trade_today(row)}
    return tuple(sorted(stopped | set(session.exec(at_the_broker))))


def _mismatches(session: Session, portfolio: str) -> int:
    survived = select(func.count()).where(MismatchRow.portfolio == portfolio, col(MismatchRow.survived))
    return session.exec(survived).one()


def _day_trades(session: Session, portfolio: str, day: date) -> int:
    """Count round trips: within one session, as many times as a symbol was both bought and sold in turn.

    Seven calendar days hold five sessions, or four where one of the weekdays was a holiday.
    """
    recent = select(FillRow).where(
        FillRow.portfolio == portfolio, FillRow.session > day - timedelta(days=7), FillRow.session <= day
    )
    ordered = recent.order_by(col(FillRow.session), FillRow.symbol, col(FillRow.at), FillRow.execution_id)
    trips = 0
    for _, fills in groupby(session.exec(ordered), key=lambda row: (row.session, row.symbol)):
        turns = [side for side, _ in groupby(row.side for row in fills)]
        trips += len(turns) // 2
    return trips


def _last_return(session: Session, account: PortfolioRow, day: date) -> float | None:
    today = session.get(EquityPointRow, (account.name, day))
    if today is None or today.previous is None:
        return None
    before = session.get(EquityPointRow, (account.name, today.previous))
    return today.unit_value / before.unit_value - 1.0 if before else None
