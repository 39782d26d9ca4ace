"""Entering a session: the portfolio's clock moves forward, and what waited in earlier sessions expires."""

from datetime import date, datetime

from sqlmodel import Session, col, select

from domain.errors import EarlierSession
from domain.records import ProposalStatus
from memory.ledger.accounts import hold_account, release
from memory.ledger.part import Part
from memory.ledger.proposal_rows import answer_by_desk
from memory.ledger.tables import ProposalRow

ENDS_WITH_ITS_SESSION = (
    ProposalStatus.SCHEDULED,
    ProposalStatus.JUDGED,
    ProposalStatus.AWAITING,
    ProposalStatus.APPROVED,
)


class SessionPart(Part):
    """What moves the clock of a portfolio within somebody else's transaction."""

    def _enter(self, db: Session, portfolio: str, session: date, at: datetime) -> None:
        account = hold_account(db, portfolio)
        if account.session is not None and session < account.session:
            raise EarlierSession(
                f"session {session} is before {account.session}, the clock of portfolio {portfolio!r}",
                "ask for a later one, start over with `pm reset`, or use another PM_HOME",
            )
        if session == account.session:
            return
        account.session = session
        self._note(db, portfolio, "session_entered", session.isoformat())
        self._expire_earlier(db, portfolio, session, at)

    def _expire_earlier(self, db: Session, portfolio: str, session: date, at: datetime) -> None:
        waiting = select(ProposalRow).where(
            ProposalRow.portfolio == portfolio,
            col(ProposalRow.status).in_(ENDS_WITH_ITS_SESSION),
            ProposalRow.session < session,
        )
        for row in db.exec(waiting.order_by(ProposalRow.id)).all():
            if row.status is ProposalStatus.AWAITING:
                db.add(answer_by_desk(row, "expire", "clock", at, hindsight=self._clock.replay))
            detail = {"was": row.status.value, "version": row.version}
            row.status, row.problem = ProposalStatus.EXPIRED, f"session {row.session} has ended"
            release(db, row.id)
            self._note(db, portfolio, "proposal_expired", f"P-{row.id}", detail, "clock")
