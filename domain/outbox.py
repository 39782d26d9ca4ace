"""What is to be told to the outside, each thing once: written with its fact, delivered later by whoever comes by."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

from pydantic import JsonValue

from domain.value import Value


class OutboxItem(Value):
    """One message; `key` names it for good, `topic` says who delivers it, `attempts` counts this delivery too."""

    key: str
    portfolio: str
    topic: str
    payload: dict[str, JsonValue]
    attempts: int
    created_at: datetime


class OutboxStore(Protocol):
    """Messages that wait: never on the order path, never lost, at most doubled where a delivery dies half-way."""

    def post(self, portfolio: str, topic: str, key: str, payload: Mapping[str, JsonValue], at: datetime) -> bool:
        """Leave a message under `key`, once and for all; tell whether it is new."""
        ...

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
        ...

    def outbox_done(self, key: str, at: datetime) -> None:
        """Write down that a message was delivered."""
        ...

    def outbox_failed(self, key: str, problem: str, retry_at: datetime | None) -> None:
        """Write down why a delivery failed; it is tried again at `retry_at`, or never, where that is None (parked)."""
        ...

    def outbox_waiting(self, topics: Collection[str] = ()) -> dict[str, int]:
        """Count by topic what is neither delivered nor parked; of all topics where none is named."""
        ...

    def outbox_parked(self, limit: int = 100) -> tuple[tuple[OutboxItem, str], ...]:
        """List what nobody tries any more, newest first, each with the last problem."""
        ...
