"""Messages to the outside: posted with their fact, taken under a lease, delivered at least once."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from pydantic import JsonValue
from sqlmodel import Session, col, func, select

from domain.errors import NotFound
from domain.outbox import OutboxItem
from memory.ledger.part import Part
from memory.ledger.sql import add_once
from memory.ledger.tables import OutboxRow

LOCK = "outbox"


def post_in(
    session: Session, portfolio: str, topic: str, key: str, payload: Mapping[str, JsonValue], at: datetime
) -> bool:
    """Leave a message within somebody else's transaction, so that fact and message stand or fall together."""
    row = {"key": key, "portfolio": portfolio, "topic": topic, "payload": dict(payload), "created_at": at, "due_at": at}
    return add_once(session, OutboxRow, **row, attempts=0, problem="")


class OutboxPart(Part):
    """Implements `domain.outbox.OutboxStore`."""

    def post(self, portfolio: str, topic: str, key: str, payload: Mapping[str, JsonValue], at: datetime) -> bool:
        """Leave a message under `key`, once and for all; tell whether it is new."""
        with self._database.write(LOCK) as session:
            return post_in(session, portfolio, topic, key, payload, at)

    def claim_outbox(
        self,
        topics: Collection[str],
        at: datetime,
        *,
        lease_seconds: float = 60.0,
        limit: int = 50,
        portfolio: str | None = None,
    ) -> tuple[OutboxItem, ...]:
        """Take messages that are due, oldest first, of one portfolio or of all.

        Nobody else gets them before the lease has passed.
        """
        due = select(OutboxRow).where(col(OutboxRow.topic).in_(topics), col(OutboxRow.due_at) <= at)
        if portfolio is not None:
            due = due.where(OutboxRow.portfolio == portfolio)
        due = due.order_by(col(OutboxRow.created_at), col(OutboxRow.key)).limit(limit)
        with self._database.write(LOCK) as session:
            rows = session.exec(due).all()
            for row in rows:
                row.attempts += 1
                row.due_at = at + timedelta(seconds=lease_seconds)
            return tuple(_to_item(row) for row in rows)

    def outbox_done(self, key: str, at: datetime) -> None:
        """Write down that a message was delivered; raises NotFound."""
        with self._database.write(LOCK) as session:
            row = _row(session, key)
            row.done_at, row.due_at, row.problem = at, None, ""

    def outbox_failed(self, key: str, problem: str, retry_at: datetime | None) -> None:
        """Write down why a delivery failed; one that was done meanwhile stays done; raises NotFound."""
        with self._database.write(LOCK) as session:
            row = _row(session, key)
            if row.done_at is None:
                row.due_at, row.problem = retry_at, problem

    def outbox_waiting(self, topics: Collection[str] = ()) -> dict[str, int]:
        """Count by topic what is neither delivered nor parked; of all topics where none is named."""
        waiting = select(OutboxRow.topic, func.count()).where(col(OutboxRow.due_at).is_not(None))
        if topics:
            waiting = waiting.where(col(OutboxRow.topic).in_(topics))
        with self._database.read() as session:
            return dict(session.exec(waiting.group_by(OutboxRow.topic).order_by(OutboxRow.topic)).all())

    def outbox_parked(self, limit: int = 100) -> tuple[tuple[OutboxItem, str], ...]:
        """List what nobody tries any more, newest first, each with the last problem."""
        parked = (
            select(OutboxRow)
            .where(col(OutboxRow.due_at).is_(None), col(OutboxRow.done_at).is_(None))
            .order_by(col(OutboxRow.created_at).desc(), col(OutboxRow.key))
            .limit(limit)
        )
        with self._database.read() as session:
            return tuple((_to_item(row), row.problem) for row in session.exec(parked))


def _row(session: Session, key: str) -> OutboxRow:
    row = session.get(OutboxRow, key)
    if row is None:
        raise NotFound(f"no message has the key {key!r}")
    return row


def _to_item(row: OutboxRow) -> OutboxItem:
    return OutboxItem.model_validate(row.model_dump(include=set(OutboxItem.model_fields)))
