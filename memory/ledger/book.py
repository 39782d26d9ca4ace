"""Reading a portfolio's book: its cost depends on what is held, open and of this session, never on the history."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from sqlmodel import Session

from domain.book import Book, Position, RecentProposal, Reservation, TradeToday, WorkingOrder
from domain.errors import NoData
from domain.orders import LEGS, IntentState
from domain.records import ProposalStatus
from domain.trade import ExitKind, ExitPlan, Side
from memory.ledger.accounts import read_account, read_control
from memory.ledger.book_rows import (
    EXTERNAL_ORDERS,
    FILLS_SINCE,
    OPEN_INTENTS,
    POSITIONS,
    PROPOSALS_OF_DAY,
    RESERVATIONS,
    SURVIVED,
    UNIT_VALUES,
)
from memory.ledger.calibration_store import read_calibrations
from memory.ledger.proposal_rows import HOLDS_ROOM
from memory.ledger.sql import run

UNCERTAIN = frozenset({IntentState.UNKNOWN, IntentState.QUARANTINED})
BY_HAND = "by hand"
"""Stands for the proposal of an order that no proposal of ours asked for."""
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

    Protective legs are left out, unless nobody knows what became of them.
    Orders placed by hand count as working ones; in a symbol without a price they count as unknown.
    The account's age is measured at `now`; None, where time stands still, leaves it unknown.

    Raises:
        NotFound: no such portfolio.
        NoData: something held or on order has no price.
    """
    account = read_account(session, portfolio)
    positions = read_positions(session, portfolio)
    cash = float(account.cash)
    equity = cash + sum(held.quantity * _price(prices, symbol) for symbol, held in positions.items())
    intents = run(session, OPEN_INTENTS, portfolio=portfolio)
    by_hand = run(session, EXTERNAL_ORDERS, portfolio=portfolio)
    today = [row for row in run(session, PROPOSALS_OF_DAY, portfolio=portfolio, day=day) if row.id not in without]
    week = run(session, FILLS_SINCE, portfolio=portfolio, day=day, since=day - timedelta(days=7))
    control = read_control(session, portfolio)
    return Book(
        portfolio=portfolio,
        session=day,
        cash=cash,
        equity=equity,
        positions=positions,
        working=(
            *(_working(intent, prices) for intent in intents if _trades(intent)),
            *(_by_hand(row, positions, prices) for row in by_hand if row.symbol in prices),
        ),
        reservations=_reservations(session, portfolio, without),
        unit_value=equity / float(account.units),
        reference_high=account.reference_high,
        all_time_high=account.all_time_high,
        last_session_return=_last_return(session, portfolio, day),
        control=control.state,
        control_epoch=control.epoch,
        trades_today=tuple(trade for row in today if (trade := _trade_today(row))),
        recent=tuple(_recent(row) for row in today),
        stopped_out=_stopped_out(today, [fill for fill in week if fill.session == day]),
        unknown_orders=sum(intent.state in UNCERTAIN for intent in intents)
        + sum(row.symbol not in prices for row in by_hand),
        mismatches=run(session, SURVIVED, portfolio=portfolio)[0][0],
        account_age_seconds=(now - account.account_seen_at).total_seconds()
        if now is not None and account.account_seen_at is not None
        else None,
        day_trades=_day_trades(week),
        calibrations=read_calibrations(session, portfolio),
    )


def read_positions(session: Session, portfolio: str) -> dict[str, Position]:
    """Read what is held, by symbol."""
    return {
        row.symbol: Position(
            symbol=row.symbol,
            quantity=float(row.quantity),
            average_price=max(0.0, float(row.cost / abs(row.quantity))),
            opened=row.opened,
            plan=ExitPlan.model_validate(row.plan) if row.plan else None,
            proposal_id=row.proposal_id,
        )
        for row in run(session, POSITIONS, portfolio=portfolio)
    }


def _price(prices: Mapping[str, float], symbol: str) -> float:
    if symbol not in prices:
        raise NoData(f"{symbol} is held or on order and has no price", "use a feed that has it")
    return prices[symbol]


def _trades(intent: Any) -> bool:
    """Protective legs are part of the holding's plan: they are no order that an exit would have to wait for."""
    return intent.filled_quantity < intent.quantity and not intent.leg.startswith(LEGS)


def _working(row: Any, prices: Mapping[str, float]) -> WorkingOrder:
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


def _by_hand(row: Any, positions: Mapping[str, Position], prices: Mapping[str, float]) -> WorkingOrder:
    held, quantity = positions.get(row.symbol), float(row.quantity)
    units = (held.quantity if row.side is Side.SELL else -held.quantity) if held else 0.0
    return WorkingOrder(
        client_order_id=row.broker_order_id,
        proposal_id=BY_HAND,
        symbol=row.symbol,
        side=row.side,
        quantity=quantity,
        price=prices[row.symbol],
        reduces=quantity <= units,
    )


def _reservations(session: Session, portfolio: str, without: Collection[str]) -> tuple[Reservation, ...]:
    return tuple(
        Reservation(
            proposal_id=row.proposal_id,
            symbol=row.symbol,
            side=row.side,
            quantity=row.quantity,
            price=row.price,
            stop_risk=row.stop_risk,
            reduces=row.reduces,
        )
        for row in run(session, RESERVATIONS, portfolio=portfolio)
        if row.proposal_id not in without
    )


def _trade_today(row: Any) -> TradeToday | None:
    if row.price is None or not (row.status in ACCEPTED or row.filled_quantity):
        return None
    quantity = row.filled_quantity if row.status.is_final else row.quantity
    return TradeToday(
        proposal_id=row.id,
        symbol=row.symbol,
        side=row.side,
        notional=float(quantity) * row.price,
        entry=not row.reduces,
    )


def _recent(row: Any) -> RecentProposal:
    return RecentProposal(proposal_id=row.id, symbol=row.symbol, side=row.side, payload_hash=row.payload_hash)


def _stopped_out(today: Sequence[Any], fills: Sequence[Any]) -> tuple[str, ...]:
    by_the_monitor = {row.symbol for row in today if row.exit_kind is ExitKind.STOP and _trade_today(row)}
    at_the_broker = {fill.symbol for fill in fills if fill.leg is ExitKind.STOP}
    return tuple(sorted(by_the_monitor | at_the_broker))


def _day_trades(fills: Sequence[Any]) -> int:
    """Count round trips: within one session, as many times as a symbol was both bought and sold in turn.

    Seven calendar days hold five sessions, or four where one of the weekdays was a holiday.
    """
    trips = 0
    for _, of_symbol in groupby(fills, key=lambda fill: (fill.session, fill.symbol)):
        turns = [side for side, _ in groupby(fill.side for fill in of_symbol)]
        trips += len(turns) // 2
    return trips


def _last_return(session: Session, portfolio: str, day: date) -> float | None:
    known = [tuple(found) for found in run(session, UNIT_VALUES, portfolio=portfolio, day=day)]
    return known[0][0] / known[0][1] - 1.0 if known else None
