"""A portfolio's account row, and the room its proposals take."""

from typing import Any, TypeVar

from sqlalchemy import bindparam, select
from sqlmodel import Session

from domain.errors import NotFound
from domain.records import Control
from memory.ledger.sql import run, table_of
from memory.ledger.tables import ControlRow, PortfolioRow, ReservationRow

R = TypeVar("R")
ACCOUNTS, CONTROLS = table_of(PortfolioRow), table_of(ControlRow)
ACCOUNT = select(*ACCOUNTS.c).where(ACCOUNTS.c.name == bindparam("whose"))
CONTROL = select(*CONTROLS.c).where(CONTROLS.c.portfolio == bindparam("whose"))


def account_of(session: Session, portfolio: str) -> PortfolioRow:
    """Read the account; raises NotFound."""
    return _found(session.get(PortfolioRow, portfolio), portfolio)


def read_account(session: Session, portfolio: str) -> Any:
    """Read the account's columns, to look at only; raises NotFound."""
    return _found(run(session, ACCOUNT, whose=portfolio).first(), portfolio)


def read_control(session: Session, portfolio: str) -> Any:
    """Read the control's columns, to look at only; raises NotFound."""
    return _found(run(session, CONTROL, whose=portfolio).first(), portfolio)


def hold_account(session: Session, portfolio: str) -> PortfolioRow:
    """Read the account and keep other writers from it (SQLite: the transaction does); raises NotFound."""
    return _found(session.get(PortfolioRow, portfolio, with_for_update=True), portfolio)


def control_of(session: Session, portfolio: str) -> ControlRow:
    """Read the control row; raises NotFound."""
    row = session.get(ControlRow, portfolio)
    if row is None:
        raise _unknown(portfolio)
    return row


def to_control(row: Any) -> Control:
    """Read what a control row, or its columns, say."""
    return Control.model_validate({name: getattr(row, name) for name in Control.model_fields})


def release(session: Session, proposal_id: str) -> None:
    """Give back the room a proposal has taken, if any."""
    row = session.get(ReservationRow, proposal_id)
    if row is not None:
        session.delete(row)


def _found(row: R | None, portfolio: str) -> R:
    if row is None:
        raise _unknown(portfolio)
    return row


def _unknown(portfolio: str) -> NotFound:
    return NotFound(f"portfolio {portfolio!r} has never run", f"start it with `pm run --portfolio {portfolio}`")
