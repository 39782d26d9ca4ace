"""Entering a session: the portfolio's clock moves forward, and what waited in earlier sessions expires."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session

from domain.errors import EarlierSession
from domain.records import ProposalStatus
from memory.ledger.accounts import hold_account, release
from memory.ledger.part import Part
from memory.ledger.prepared import Prepared
from memory.ledger.proposal_rows import PROPOSALS, answer_by_desk, hold_proposal
from memory.ledger.sql import run

ENDS_WITH_ITS_SESSION = (
    ProposalStatus.SCHEDULED,
    ProposalStatus.JUDGED,
    ProposalStatus.AWAITING,
    ProposalStatus.APPROVED,
)


EARLIER = Prepared(
    sa.select(PROPOSALS.c.id)
    .where(
        PROPOSALS.c.portfolio == sa.bindparam("whose"),
        PROPOSALS.c.status.in_(ENDS_WITH_ITS_SESSION),
        PROPOSALS.c.session < sa.bindparam("day"),
    )
    .order_by(PROPOSALS.c.id)
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
        for proposal_id in run(db, EARLIER, whose=portfolio, day=session).scalars():
            row = hold_proposal(db, proposal_id)
            if row.status is ProposalStatus.AWAITING:
                db.add(answer_by_desk(row, "expire", "clock", at, hindsight=self._clock.replay))
            detail = {"was": row.status.value, "version": row.version}
            row.status, row.problem = ProposalStatus.EXPIRED, f"session {row.session} has ended"
            release(db, row.id)
            self._note(db, portfolio, "proposal_expired", f"P-{row.id}", detail, "clock")
