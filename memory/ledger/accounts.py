"""A portfolio's account row, and the room its proposals take."""

from typing import Any, TypeVar

from sqlalchemy import bindparam, delete, select
from sqlmodel import Session

from domain.errors import NotFound
from domain.records import Control
from memory.ledger.held import hold
from memory.ledger.prepared import Prepared
from memory.ledger.sql import run, table_of
from memory.ledger.tables import ControlRow, PortfolioRow, ReservationRow

R = TypeVar("R")
ACCOUNTS, CONTROLS, ROOM = table_of(PortfolioRow), table_of(ControlRow), table_of(ReservationRow)
ACCOUNT = Prepared(select(*ACCOUNTS.c).where(ACCOUNTS.c.name == bindparam("whose")))
RELEASE = Prepared(delete(ROOM).where(ROOM.c.proposal_id == bindparam("of")))
CONTROL = Prepared(select(*CONTROLS.c).where(CONTROLS.c.portfolio == bindparam("whose")))


def read_account(session: Session, portfolio: str) -> Any:
    """Read the account's columns, to look at only; raises NotFound."""
    return _found(run(session, ACCOUNT, whose=portfolio).first(), portfolio)


def read_control(session: Session, portfolio: str) -> Any:
    """Read the control's columns, to look at only; raises NotFound."""
    return _found(run(session, CONTROL, whose=portfolio).first(), portfolio)


def hold_account(session: Session, portfolio: str) -> PortfolioRow:
    """Read the account and keep other writers from it (SQLite: the transaction does); raises NotFound."""
    return _found(hold(session, PortfolioRow, portfolio), portfolio)


def control_of(session: Session, portfolio: str) -> ControlRow:
    """Read the control row; raises NotFound."""
    row = hold(session, ControlRow, portfolio)
    if row is None:
        raise _unknown(portfolio)
    return row


def to_control(row: Any) -> Control:
    """Read what a control row, or its columns, say."""
    return Control.model_validate({name: getattr(row, name) for name in Control.model_fields})


def release(session: Session, proposal_id: str) -> None:
    """Give back the room a proposal has taken, if any."""
    run(session, RELEASE, of=proposal_id)


def _found(row: R | None, portfolio: str) -> R:
    if row is None:
        raise _unknown(portfolio)
    return row


def _unknown(portfolio: str) -> NotFound:
    return NotFound(f"portfolio {portfolio!r} has never run", f"start it with `pm run --portfolio {portfolio}`")
