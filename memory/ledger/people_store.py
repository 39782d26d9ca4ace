"""Taps, cards, first confirmations, and how far people were told what happened."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import JsonValue
from sqlmodel import col, select, update
from sqlmodel.sql.expression import SelectOfScalar

from domain.people import Card, Consent, Message, StoredUpdate
from memory.ledger.outbox_store import post_in
from memory.ledger.part import Part
from memory.ledger.sql import insert_once, upsert
from memory.ledger.tables import CardRow, ConsentRow, TelegramUpdateRow, ToldRow


class PeoplePart(Part):
    """Implements `domain.people.PeopleStore`, but for `shrink`."""

    def receive_update(self, portfolio: str, update_id: int, body: Mapping[str, JsonValue], at: datetime) -> bool:
        """Store what came in, before anybody is told that it has; tell whether it is new."""
        row = TelegramUpdateRow(portfolio=portfolio, update_id=update_id, body=dict(body), received_at=at)
        with self._database.write(portfolio) as db:
            return insert_once(db, row)

    def waiting_updates(self, portfolio: str, limit: int = 100) -> tuple[StoredUpdate, ...]:
        """List what came in and was not carried out, oldest first."""
        waiting = (
            select(TelegramUpdateRow)
            .where(TelegramUpdateRow.portfolio == portfolio, col(TelegramUpdateRow.done_at).is_(None))
            .order_by(col(TelegramUpdateRow.update_id))
            .limit(limit)
        )
        with self._database.read() as db:
            rows = db.exec(waiting).all()
            return tuple(StoredUpdate.model_validate(row.model_dump(exclude={"done_at"})) for row in rows)

    def end_update(
        self,
        portfolio: str,
        update_id: int,
        action: str,
        subject: str,
        detail: Mapping[str, str | int | float | bool | None],
        actor: str,
        at: datetime,
    ) -> bool:
        """Mark an update as dealt with and append its audit row, where it asked for something; tell whether we did."""
        with self._database.write(portfolio) as db:
            row = db.get(TelegramUpdateRow, (portfolio, update_id), with_for_update=True)
            if row is None or row.done_at is not None:
                return False
            row.done_at = at
            if action:
                self._note(db, portfolio, action, subject, {"update": update_id, **detail}, actor)
            return True

    def put_card(self, card: Card) -> bool:
        """Remember a message that people may act on; tell whether it is new."""
        with self._database.write(card.portfolio) as db:
            return insert_once(db, CardRow(**card.model_dump()))

    def card(self, portfolio: str, chat: int, message: int) -> Card | None:
        """Read a card."""
        with self._database.read() as db:
            row = db.get(CardRow, (portfolio, chat, message))
            return Card.model_validate(row.model_dump()) if row else None

    def cards(self, portfolio: str, *, subject: str | None = None) -> tuple[Card, ...]:
        """List open cards, oldest first."""
        wanted = select(CardRow).where(CardRow.portfolio == portfolio, col(CardRow.open).is_(True))
        if subject is not None:
            wanted = wanted.where(CardRow.subject == subject)
        with self._database.read() as db:
            rows = db.exec(wanted.order_by(col(CardRow.sent_at), col(CardRow.message))).all()
            return tuple(Card.model_validate(row.model_dump()) for row in rows)

    def show_card(self, portfolio: str, chat: int, message: int, shown: str, *, closed: bool = False) -> None:
        """Write down what a card shows now, and whether it still takes answers."""
        with self._database.write(portfolio) as db:
            row = db.get(CardRow, (portfolio, chat, message), with_for_update=True)
            if row is not None:
                row.shown, row.open = shown, row.open and not closed

    def use_card(self, portfolio: str, chat: int, message: int) -> bool:
        """Close a card that answers once; tell whether this call closed it."""
        close = (
            update(CardRow)
            .where(
                col(CardRow.portfolio) == portfolio,
                col(CardRow.chat) == chat,
                col(CardRow.message) == message,
                col(CardRow.open).is_(True),
            )
            .values(open=False)
            .returning(col(CardRow.message))
            .execution_options(synchronize_session=False)
        )
        with self._database.write(portfolio) as db:
            return db.exec(close).first() is not None

    def consent(self, given: Consent, since: datetime) -> tuple[Consent, ...]:
        """Write down a yes; return all of them not older than `since`, oldest first. A person's first one stays."""
        with self._database.write(given.portfolio) as db:
            known = db.get(ConsentRow, (given.portfolio, given.subject, given.version, given.person))
            if known is None or known.at < since:
                upsert(db, ConsentRow(**given.model_dump()))
                detail = {"version": given.version, "quantity": given.quantity}
                self._note(db, given.portfolio, "consent_given", given.subject, detail, given.person)
                db.expire_all()
            return _consents(db.exec(_fresh(given.portfolio, given.subject, given.version, since)).all())

    def consents(self, portfolio: str, subject: str, version: int, since: datetime) -> tuple[Consent, ...]:
        """List the yeses not older than `since`, oldest first."""
        with self._database.read() as db:
            return _consents(db.exec(_fresh(portfolio, subject, version, since)).all())

    def told_until(self, portfolio: str) -> int | None:
        """Tell up to which audit row people were told what happened; None before anything was."""
        with self._database.read() as db:
            row = db.get(ToldRow, portfolio)
            return row.sequence if row else None

    def tell(self, portfolio: str, before: int | None, until: int, messages: Sequence[Message]) -> bool:
        """Post `messages` and move `told_until` from `before` to `until`, together; False where somebody else did."""
        with self._database.write(portfolio) as db:
            row = db.get(ToldRow, portfolio, with_for_update=True)
            if (row.sequence if row else None) != before:
                return False
            if row is None and not insert_once(db, ToldRow(portfolio=portfolio, sequence=until)):
                return False
            if row is not None:
                row.sequence = until
            for message in messages:
                post_in(db, portfolio, message.topic, message.key, message.payload, message.at)
            return True


def _fresh(portfolio: str, subject: str, version: int, since: datetime) -> SelectOfScalar[ConsentRow]:
    return (
        select(ConsentRow)
        .where(
            ConsentRow.portfolio == portfolio,
            ConsentRow.subject == subject,
            ConsentRow.version == version,
            col(ConsentRow.at) >= since,
        )
        .order_by(col(ConsentRow.at), ConsentRow.person)
    )


def _consents(rows: Sequence[ConsentRow]) -> tuple[Consent, ...]:
    return tuple(Consent.model_validate(row.model_dump()) for row in rows)
