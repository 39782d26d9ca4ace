"""What every part of the ledger is made of: the database, the clock and the audit chain."""

from sqlmodel import Session

from domain.ports import Clock
from memory.ledger import chain
from memory.ledger.chain import Detail
from memory.ledger.engine import Database


class Part:
    """One store of the ledger; each public method is one transaction of its own."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def _note(
        self,
        session: Session,
        portfolio: str,
        action: str,
        subject: str,
        detail: Detail | None = None,
        actor: str = "desk",
    ) -> None:
        chain.append(session, self._clock.wall(), portfolio, action, subject, detail or {}, actor)
