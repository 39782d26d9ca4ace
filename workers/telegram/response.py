"""What the desk answers to a person: words, messages to send, keyboards to change, and what the audit row says."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from domain.notices import Button
from domain.people import CardKind
from workers.cards.approval import Labels
from workers.telegram.seal import Seal

Rows = tuple[tuple[Button, ...], ...]
DANGEROUS = frozenset({"cf", "fl"})


class Ask(NamedTuple):
    """What a sent message will take answers for; `seconds` is how long, None for as long as its subject lives."""

    kind: CardKind
    subject: str
    version: int = 1
    detail: str = ""
    person: int = 0
    seconds: float | None = None
    shown: str = ""

    @property
    def lasts(self) -> timedelta | None:
        """How long it takes answers."""
        return None if self.seconds is None else timedelta(seconds=self.seconds)


class Send(NamedTuple):
    """A new message; with `ask` it is remembered under its number, with `prompt_of` that user is asked to reply."""

    html: str
    buttons: Rows = ()
    ask: Ask | None = None
    prompt_of: int | None = None


class Change(NamedTuple):
    """Another text or keyboard for a message that is there."""

    message: int
    html: str
    buttons: Rows = ()


class Response(NamedTuple):
    """`outcome` goes into the audit row; `said` is the short answer to a tap, `alert` shows it in a window."""

    outcome: str
    said: str = ""
    subject: str = ""
    alert: bool = False
    sends: tuple[Send, ...] = ()
    changes: tuple[Change, ...] = ()


def refused(why: str, subject: str = "") -> Response:
    """Nothing was done, and why."""
    return Response("refused", why, subject, alert=True)


def text(html: str, outcome: str = "answered", subject: str = "") -> Response:
    """One message."""
    return Response(outcome, subject=subject, sends=(Send(html),))


def sealed(seal: Seal, labels: Labels | Sequence[Sequence[tuple[str, str]]], subject: str, version: int) -> Rows:
    """Turn labels and acts into buttons; `act:id` names another subject than the card's."""
    return tuple(tuple(_button(seal, label, act, subject, version) for label, act in row) for row in labels)


def _button(seal: Seal, label: str, act: str, subject: str, version: int) -> Button:
    act, _, other = act.partition(":")
    return Button(label=label, data=seal.data(act, other or subject, version), danger=act in DANGEROUS)
