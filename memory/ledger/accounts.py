"""A portfolio's account row, and the room its proposals take."""

from sqlmodel import Session

from domain.errors import NotFound
from domain.records import Control
from memory.ledger.tables import ControlRow, PortfolioRow, ReservationRow


def account_of(session: Session, portfolio: str) -> PortfolioRow:
    """Read the account; raises NotFound."""
    return _found(session.get(PortfolioRow, portfolio), portfolio)


def hold_account(session: Session, portfolio: str) -> PortfolioRow:
    """Read the account and keep other writers from it (SQLite: the transaction does); raises NotFound."""
    return _found(session.get(PortfolioRow, portfolio, with_for_update=True), portfolio)


def control_of(session: Session, portfolio: str) -> ControlRow:
    """Read the control row; raises NotFound."""
    row = session.get(ControlRow, portfolio)
    if row is None:
        raise _unknown(portfolio)
    return row


def to_control(row: ControlRow) -> Control:
    """Read what a control row says."""
    return Control.model_validate(row.model_dump(exclude={"portfolio"}))


def release(session: Session, proposal_id: str) -> None:
    """Give back the room a proposal has taken, if any."""
    row = session.get(ReservationRow, proposal_id)
    if row is not None:
        session.delete(row)


def _found(row: PortfolioRow | None, portfolio: str) -> PortfolioRow:
    if row is None:
        raise _unknown(portfolio)
    return row


def _unknown(portfolio: str) -> NotFound:
    return NotFound(f"portfolio {portfolio!r} has never run", f"start it with `pm run --portfolio {portfolio}`")
