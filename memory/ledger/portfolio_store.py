"""A portfolio's clock, book, control state and equity."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import func, select

from domain.book import Book, ControlState
from domain.mandate import Mandate
from domain.records import Cause, Control, EquityPoint, FlowKind
from memory.ledger.accounts import hold_account, read_control, to_control
from memory.ledger.book import read_book
from memory.ledger.locked_book import SqlLockedBook
from memory.ledger.prepared import Prepared
from memory.ledger.session_part import SessionPart
from memory.ledger.sql import by_key, insert_once, run, table_of
from memory.ledger.tables import ControlRow, EquityPointRow, FlowRow, PortfolioRow, ProposalRow, RunRow
from memory.ledger.types import to_micro

OPENING = "opening"
"""The key of the flow that a portfolio starts with."""

POINTS = table_of(EquityPointRow)
NEWEST_POINTS = Prepared(
    sa.select(POINTS.c.session, POINTS.c.equity, POINTS.c.unit_value)
    .where(POINTS.c.portfolio == sa.bindparam("whose"))
    .order_by(POINTS.c.session.desc())
    .limit(sa.bindparam("most"))
)


class PortfolioPart(SessionPart):
    """Implements `domain.storage.PortfolioStore`."""

    def open_portfolio(self, mandate: Mandate, session: date, at: datetime) -> None:
        """Create the portfolio with its starting cash as a deposit, unless it exists; its clock stays unset."""
        with self._database.read() as db:
            if by_key(db, PortfolioRow, mandate.name):
                return
        cash = to_micro(mandate.starting_cash)
        account = PortfolioRow(name=mandate.name, cash=cash, units=cash, created_at=at)
        control = ControlRow(portfolio=mandate.name, state=ControlState.ACTIVE, cause=Cause.PERSON, changed_at=at)
        deposit = FlowRow(
            portfolio=mandate.name,
            number=1,
            kind=FlowKind.DEPOSIT,
            amount=cash,
            units=cash,
            session=session,
            at=at,
            key=OPENING,
        )
        with self._database.write(mandate.name) as db:
            if insert_once(db, account):
                insert_once(db, control)
                insert_once(db, deposit)
                self._note(db, mandate.name, "portfolio_opened", mandate.name, {"deposit": float(cash)})

    def session(self, portfolio: str) -> date | None:
        """Tell the portfolio's own clock: the session of its newest run or batch, None before the first.

        A session that was entered but never used does not count: a start killed in between begins it again.
        """
        with self._database.read() as db:
            newest = db.exec(select(func.max(RunRow.session)).where(RunRow.portfolio == portfolio)).one()
            batch = db.exec(select(func.max(ProposalRow.session)).where(ProposalRow.portfolio == portfolio)).one()
            return max((day for day in (newest, batch) if day is not None), default=None)

    def enter_session(self, portfolio: str, session: date, at: datetime) -> None:
        """Move the portfolio's clock forward; expire what waits from earlier sessions.

        Raises:
            EarlierSession: `session` is before the portfolio's clock.
        """
        with self._database.write(portfolio) as db:
            self._enter(db, portfolio, session, at)

    @contextmanager
    def locked_book(self, portfolio: str) -> Iterator[SqlLockedBook]:
        """Enter the portfolio's lock and transaction; commits at the end of the block, rolls back when it raises."""
        with self._database.write(portfolio) as db:
            hold_account(db, portfolio)
            yield SqlLockedBook(db, portfolio, self._clock)

    def book(self, portfolio: str, session: date, prices: Mapping[str, float]) -> Book:
        """Read the book at `prices` without the lock, for display and for the analyst."""
        with self._database.read() as db:
            return read_book(db, portfolio, session, prices, now=None if self._clock.replay else self._clock.now())

    def control(self, portfolio: str) -> Control:
        """Read the control state."""
        with self._database.read() as db:
            return to_control(read_control(db, portfolio))

    def record_equity(
        self, portfolio: str, session: date, equity: float, at: datetime, previous: date | None = None
    ) -> None:
        """Store the equity at the open of `session`, once a session; moves unit value and highs.

        `previous` is the session before it: the last return is known when that one has a point too.
        """
        with self._database.write(portfolio) as db:
            account = hold_account(db, portfolio)
            unit_value = equity / float(account.units)
            point = EquityPointRow(
                portfolio=portfolio,
                session=session,
                previous=previous,
                equity=to_micro(equity),
                unit_value=unit_value,
                at=at,
            )
            if insert_once(db, point):
                account.reference_high = max(account.reference_high, unit_value)
                account.all_time_high = max(account.all_time_high, unit_value)
                detail = {"equity": float(point.equity), "unit_value": unit_value}
                self._note(db, portfolio, "equity_recorded", session.isoformat(), detail)

    def equity_points(self, portfolio: str, limit: int = 2) -> tuple[EquityPoint, ...]:
        """List the points of the newest sessions, newest first."""
        with self._database.read() as db:
            rows = run(db, NEWEST_POINTS, whose=portfolio, most=limit)
            return tuple(EquityPoint(session=row.session, equity=row.equity, unit_value=row.unit_value) for row in rows)
