"""What people are told, and through what: notices, cards with buttons, and the ports that carry them."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from domain.value import Value


class NoticeKind(StrEnum):
    """What a notice is about."""

    FILL = "fill"
    REJECTION = "rejection"
    EXPIRY = "expiry"
    BREAKER = "breaker"
    CONTROL = "control"
    LIMIT = "limit"
    UNKNOWN = "unknown"
    QUARANTINE = "quarantine"
    MISMATCH = "mismatch"
    ALLOCATION = "allocation"
    REPORT = "report"
    PROBLEM = "problem"

    @property
    def is_urgent(self) -> bool:
        """Whether quiet hours do not hold it back."""
        return self in URGENT


URGENT = frozenset(
    {
        NoticeKind.BREAKER,
        NoticeKind.CONTROL,
        NoticeKind.UNKNOWN,
        NoticeKind.QUARANTINE,
        NoticeKind.MISMATCH,
        NoticeKind.PROBLEM,
    }
)


class Notice(Value):
    """One thing that happened, in plain text: the headline alone tells enough."""

    kind: NoticeKind
    portfolio: str
    headline: str
    lines: tuple[str, ...] = ()


class Button(Value):
    """A button under a card; `data` comes back when it is pressed."""

    label: str
    data: str
    danger: bool = False


class Notifier(Protocol):
    """A channel to people."""

    name: str

    def tell(self, notice: Notice) -> None:
        """Deliver one notice.

        Raises:
            Undelivered: it may be tried again; carries the vendor's waiting time, where it named one.
            Undeliverable: trying again will not help.
        """
        ...


class Messenger(Notifier, Protocol):
    """A channel whose messages have buttons and can be edited.

    `chat` is where the desk's own messages go, `secret` what the seals on its buttons are made with.
    """

    chat: int
    secret: str

    def send(self, chat: int, html: str, buttons: Sequence[Sequence[Button]] = (), prompt_of: int | None = None) -> int:
        """Send a message and return its number; with `prompt_of`, ask that user to reply to it. Raises like `tell`."""
        ...

    def edit(self, chat: int, message: int, html: str, buttons: Sequence[Sequence[Button]] = ()) -> None:
        """Replace text and buttons of a message of ours; no buttons remove them. Raises like `tell`."""
        ...
