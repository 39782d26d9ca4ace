"""A portfolio's account row, and the room its proposals take."""

from sqlmodel import Session

from domain.errors import NotFound
from memory.ledger.tables import PortfolioRow, ReservationRow


def account_of(session: Session, portfolio: str) -> PortfolioRow:
    """Read the account; raises NotFound."""
    return _found(session.get(PortfolioRow, portfolio), portfolio)


def hold_account(session: Session, portfolio: str) -> PortfolioRow:
    """Read the account and keep other writers from it (SQLite: the transaction does); raises NotFound."""
    return _found(session.get(PortfolioRow, portfolio, with_for_update=True), portfolio)


def release(session: Session, proposal_id: str) -> None:
    """Give back the room a proposal has taken, if any."""
    row = session.get(ReservationRow, proposal_id)
    if row is not None:
        session.delete(row)


def _found(row: PortfolioRow | None, portfolio: str) -> PortfolioRow:
    if row is None:
        raise NotFound(f"portfolio {portfolio!r} has never run", f"start it with `pm run --portfolio {portfolio}`")
    return row
