"""What the ledger remembers of talking to people: what came in, which card is where, who has said a first yes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from pydantic import JsonValue

from domain.records import ProposalRecord
from domain.value import Value


class CardKind(StrEnum):
    """What a message with buttons or an expected reply is for."""

    PROPOSAL = "proposal"
    DIGEST = "digest"
    CONFIRM = "confirm"
    PROMPT = "prompt"
    CONTROL = "control"


class Card(Value):
    """A message of ours that people may act on, by its chat and message number.

    `subject` is a proposal's id or the name of an action, `detail` what a confirmation would carry out, `person` the
    only one who may answer (0: whoever has the role), `until` when it lapses on the wall. `shown` names the state that
    the message shows. An answer to anything that is not `open` has no effect.
    """

    portfolio: str
    chat: int
    message: int
    kind: CardKind
    subject: str
    version: int = 1
    detail: str = ""
    person: int = 0
    shown: str = ""
    sent_at: datetime
    until: datetime | None = None
    open: bool = True


class Consent(Value):
    """A person's first or second yes to something that takes two; `at` is on the wall, `quantity` in units."""

    portfolio: str
    subject: str
    version: int
    person: str
    quantity: float = 0.0
    at: datetime


class StoredUpdate(Value):
    """Something a person sent, as the messenger told it."""

    portfolio: str
    update_id: int
    body: dict[str, JsonValue]
    received_at: datetime


class Message(NamedTuple):
    """One message for the outbox."""

    topic: str
    key: str
    payload: Mapping[str, JsonValue]
    at: datetime


class PeopleStore(Protocol):
    """Taps, cards and first confirmations; every method is one transaction, safe to repeat."""

    def receive_update(self, portfolio: str, update_id: int, body: Mapping[str, JsonValue], at: datetime) -> bool:
        """Store what came in, before anybody is told that it has; tell whether it is new."""
        ...

    def waiting_updates(self, portfolio: str, limit: int = 100) -> tuple[StoredUpdate, ...]:
        """List what came in and was not carried out, oldest first."""
        ...

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
        """Mark an update as dealt with and append its one audit row; tell whether this call did it.

        Without an `action` there is no row: nothing was asked.
        """
        ...

    def put_card(self, card: Card) -> bool:
        """Remember a message that people may act on; tell whether it is new."""
        ...

    def card(self, portfolio: str, chat: int, message: int) -> Card | None:
        """Read a card."""
        ...

    def cards(self, portfolio: str, *, subject: str | None = None) -> tuple[Card, ...]:
        """List open cards, oldest first."""
        ...

    def show_card(self, portfolio: str, chat: int, message: int, shown: str, *, closed: bool = False) -> None:
        """Write down what a card shows now, and whether it still takes answers."""
        ...

    def use_card(self, portfolio: str, chat: int, message: int) -> bool:
        """Close a card that answers once; tell whether this call closed it."""
        ...

    def consent(self, given: Consent, since: datetime) -> tuple[Consent, ...]:
        """Write down a yes; return all of them not older than `since`, oldest first. A person's first one stays."""
        ...

    def consents(self, portfolio: str, subject: str, version: int, since: datetime) -> tuple[Consent, ...]:
        """List the yeses not older than `since`, oldest first."""
        ...

    def shrink(self, proposal_id: str, version: int, quantity: float, by: str, at: datetime) -> ProposalRecord:
        """Offer less of a waiting proposal, as its next version, in one compare-and-swap.

        Raises:
            AlreadyDecided: it no longer waits at `version`.
            BadInput: not less than what waits, or nothing.
        """
        ...

    def told_until(self, portfolio: str) -> int | None:
        """Tell up to which audit row people were told what happened; None before anything was."""
        ...

    def tell(self, portfolio: str, before: int | None, until: int, messages: Sequence[Message]) -> bool:
        """Post `messages` and move `told_until` from `before` to `until`, together; False where somebody else did."""
        ...
