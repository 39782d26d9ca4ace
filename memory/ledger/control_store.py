"""A portfolio's control state, its money from outside and its reference high."""

import math
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, func, select

from domain.book import ControlState
from domain.errors import AlreadyDecided, BadInput
from domain.records import Cause, Control, Flow, FlowKind
from memory.ledger.accounts import control_of, hold_account, to_control
from memory.ledger.book import read_book
from memory.ledger.chain import Detail
from memory.ledger.part import Part
from memory.ledger.prepared import Prepared
from memory.ledger.sql import insert_once, run, table_of
from memory.ledger.tables import (
    BreakerActRow,
    ControlRow,
    FlowRow,
    PortfolioRow,
)
from memory.ledger.types import to_micro

MOST_MONEY = Decimal("1e12")
STRICTNESS = (ControlState.ACTIVE, ControlState.REDUCING, ControlState.HALTED)

FLOWS = table_of(FlowRow)
MOVED = Prepared(sa.select(*FLOWS.c).where(FLOWS.c.portfolio == sa.bindparam("whose")).order_by(FLOWS.c.number))


class ControlPart(Part):
    """Implements `domain.storage.ControlStore`."""

    def set_control(
        self,
        portfolio: str,
        state: ControlState,
        reason: str,
        by: str,
        at: datetime,
        expected_epoch: int | None = None,
        *,
        cause: Cause = Cause.PERSON,
        once: str | None = None,
        reference_high: float | None = None,
    ) -> Control:
        """Change the control state, its epoch and (on a resume) the reference high in one audited transaction.

        The same state for no stronger a cause changes nothing. `once` names an act of a breaker, which acts under
        that name a single time and never loosens.

        Raises:
            AlreadyDecided: `expected_epoch` has passed: somebody changed the state meanwhile.
        """
        with self._database.write(portfolio) as db:
            account = hold_account(db, portfolio)
            row = control_of(db, portfolio)
            if expected_epoch is not None and row.epoch != expected_epoch:
                raise AlreadyDecided(
                    f"the desk was set to {row.state.value} by {row.by or 'nobody'} meanwhile: {row.reason}",
                    "look at it with `pm status`, then ask again",
                )
            takes_over = state is ControlState.REDUCING and row.cause.yields_to(cause)
            same = row.state is state and not takes_over
            if once is None and same:
                return to_control(row)
            if once is not None and not self._acts(db, row, state, cause, once, at):
                return to_control(row)
            if reference_high is not None:
                self._reset(db, account, reference_high, by, reason)
            today = self._clock.session()
            detail = {"was": row.state.value, "epoch": row.epoch + 1, "cause": cause.value, "reason": reason}
            row.state, row.reason, row.by, row.cause = state, reason, by, cause
            row.session, row.changed_at, row.epoch = today, at, row.epoch + 1
            row.resume_asked_by, row.resume_asked_at = "", None
            self._note(db, portfolio, "control_changed", state.value, detail | {"session": today.isoformat()}, by)
            return to_control(row)

    def ask_resume(self, portfolio: str, by: str, wall: datetime, since: datetime) -> Control:
        """Write down that `by` wants to leave HALTED, asked at `wall`; a question not older than `since` stays."""
        with self._database.write(portfolio) as db:
            hold_account(db, portfolio)
            row = control_of(db, portfolio)
            asked = row.resume_asked_at
            if row.state is ControlState.HALTED and (asked is None or not since <= asked <= wall):
                row.resume_asked_by, row.resume_asked_at = by, wall
                self._note(db, portfolio, "resume_asked", row.state.value, {"epoch": row.epoch}, by)
            return to_control(row)

    def flow(
        self,
        portfolio: str,
        amount: Decimal,
        kind: FlowKind,
        session: date,
        at: datetime,
        key: str,
        *,
        prices: Mapping[str, float],
        by: str = "local",
    ) -> Flow:
        """Book a deposit or withdrawal of `amount` dollars (positive) at the unit value of `prices`; once a `key`.

        Raises:
            BadInput: not a positive amount, more than the free cash, or a key used for something else.
        """
        signed = _signed(amount, kind)
        with self._database.write(portfolio) as db:
            account = hold_account(db, portfolio)
            stored = db.exec(select(FlowRow).where(FlowRow.portfolio == portfolio, FlowRow.key == key)).first()
            if stored is not None:
                if (stored.kind, stored.amount) != (kind, signed):
                    raise BadInput(
                        f"key {key!r} was used for a {stored.kind.value} of {stored.amount}", "choose another"
                    )
                return _to_flow(stored)
            book = read_book(db, portfolio, session, prices)
            if book.equity <= 0.0:
                raise BadInput(f"the equity is {book.equity:.2f}: a unit has no value", "start over with `pm reset`")
            if -signed > to_micro(book.free_cash):
                raise BadInput(
                    f"{amount:,.2f} is more than the free cash of {book.free_cash:,.2f}",
                    "withdraw less, or sell something first",
                )
            units = to_micro(signed / to_micro(book.equity) * account.units)
            if account.units + units < 1:
                raise BadInput(f"{amount:,.2f} is everything there is", "leave some of it: a portfolio needs a value")
            account.cash += signed
            account.units += units
            row = self._enter_flow(db, account, kind, signed, units, session, at, key)
            detail: Detail = {"amount": str(signed), "units": str(units), "unit_value": book.unit_value, "key": key}
            self._note(db, portfolio, "flow_booked", kind.value, detail, by)
            return _to_flow(row)

    def flows(self, portfolio: str) -> tuple[Flow, ...]:
        """List flows, oldest first."""
        with self._database.read() as db:
            return tuple(_to_flow(row) for row in run(db, MOVED, whose=portfolio))

    def set_reference_high(self, portfolio: str, level: float, by: str, reason: str) -> None:
        """Measure drawdown from `level` (a unit value) on, audited beside the all-time high, which stays.

        Raises:
            BadInput: `level` is no positive number.
        """
        with self._database.write(portfolio) as db:
            self._reset(db, hold_account(db, portfolio), level, by, reason)

    def _acts(self, db: Session, row: ControlRow, state: ControlState, cause: Cause, once: str, at: datetime) -> bool:
        # Written down also where a stricter state or a stronger cause holds: what was overtaken does not come later.
        first = insert_once(db, BreakerActRow(portfolio=row.portfolio, name=once, at=at))
        looser = STRICTNESS.index(state) < STRICTNESS.index(row.state)
        weaker = row.state is state and cause.yields_to(row.cause)
        return first and not looser and not weaker

    def _reset(self, db: Session, account: PortfolioRow, level: float, by: str, reason: str) -> None:
        if not (math.isfinite(level) and level > 0.0):
            raise BadInput(f"{level} can't be a reference high", "give a unit value, a number above zero")
        session, now, nothing = self._clock.session(), self._clock.now(), Decimal(0)
        key = f"reset-{_next_number(db, account.name)}"
        self._enter_flow(db, account, FlowKind.RESET, nothing, nothing, session, now, key)
        detail: Detail = {"was": account.reference_high, "all_time_high": account.all_time_high, "reason": reason}
        account.reference_high = level
        self._note(db, account.name, "reference_high_set", repr(level), detail, by)

    def _enter_flow(
        self,
        db: Session,
        account: PortfolioRow,
        kind: FlowKind,
        amount: Decimal,
        units: Decimal,
        session: date,
        at: datetime,
        key: str,
    ) -> FlowRow:
        row = FlowRow(
            portfolio=account.name,
            number=_next_number(db, account.name),
            kind=kind,
            amount=amount,
            units=units,
            session=session,
            at=at,
            key=key,
        )
        db.add(row)
        db.flush()
        return row


def _next_number(db: Session, portfolio: str) -> int:
    highest = db.exec(select(func.max(FlowRow.number)).where(FlowRow.portfolio == portfolio)).one()
    return (highest or 0) + 1


def _signed(amount: Decimal, kind: FlowKind) -> Decimal:
    if kind is FlowKind.RESET:
        raise BadInput("a reset moves no money", "use set_reference_high")
    if not amount.is_finite() or not 0 < amount <= MOST_MONEY or amount != to_micro(amount):
        raise BadInput(f"{amount} is not an amount of money", "give dollars above zero, like 2500 or 99.50")
    return to_micro(amount if kind is FlowKind.DEPOSIT else -amount)


def _to_flow(row: Any) -> Flow:
    return Flow.model_validate({name: getattr(row, name) for name in Flow.model_fields})
