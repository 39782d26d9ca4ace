"""Send one message of the outbox through a channel: a notice, a card, its edit, or a digest."""

from datetime import datetime
from typing import cast

from domain.errors import NotFound, Undeliverable
from domain.notices import Messenger, Notice, Notifier
from domain.outbox import OutboxItem
from domain.people import Card, CardKind
from domain.records import ProposalStatus
from domain.storage import Ledger
from workers.cards import short
from workers.cards.approval import card as card_html
from workers.cards.view import state_of
from workers.channels import CARDS
from workers.telegram.desk import Desk
from workers.telegram.response import Ask, Send, sealed
from workers.telegram.seal import Seal
from workers.till import OpenTill


class Sender:
    """One channel, for one pass over what is due."""

    def __init__(self, till: OpenTill, notifier: Notifier) -> None:
        self._till, self._notifier = till, notifier

    def send(self, item: OutboxItem) -> None:
        """Send a message, or nothing where it has become pointless.

        Raises:
            Undelivered: it may be tried again.
            Undeliverable: trying again will not help.
        """
        if item.payload["type"] == "notice":
            self._tell(Notice.model_validate(item.payload["notice"]))
            return
        if self._notifier.name != CARDS:
            raise Undeliverable(
                f"{self._notifier.name} takes notices only", "this message was meant for another channel"
            )
        Cards(self._till, cast("Messenger", self._notifier)).send(item)

    def _tell(self, notice: Notice) -> None:
        if self._notifier.name == CARDS:
            messenger = cast("Messenger", self._notifier)
            messenger.send(messenger.chat, short.notice(notice))
        else:
            self._notifier.tell(notice)


class Cards:
    """Cards on their way to a messenger, and back into the ledger under the number of their message."""

    def __init__(self, till: OpenTill, messenger: Messenger) -> None:
        self._messenger = messenger
        self._desk = Desk(till, {}, Seal(messenger.secret, till.portfolio), messenger.chat)

    def send(self, item: OutboxItem) -> None:
        """Send a card, a digest, or another state of a card that is there."""
        if item.payload["type"] == "card":
            self._card(str(item.payload["proposal"]), int(str(item.payload["version"])))
        elif item.payload["type"] == "digest":
            self._digest()
        else:
            self._edit(int(str(item.payload["chat"])), int(str(item.payload["message"])))

    def _card(self, proposal_id: str, version: int) -> None:
        try:
            record = self._desk.ledger.proposal(proposal_id)
        except NotFound:
            return
        if record.status is ProposalStatus.AWAITING and record.version == version:
            self._post(self._desk.send_card(record))

    def _digest(self) -> None:
        desk = self._desk
        waiting = desk.ledger.proposals(desk.portfolio, statuses=[ProposalStatus.AWAITING])
        if not waiting:
            return
        views = [desk.view(record) for record in waiting]
        buttons = sealed(desk.seal, short.digest_buttons(views), "digest", 1)
        self._post(Send(short.digest(views), buttons, Ask(CardKind.DIGEST, "digest")))

    def _edit(self, chat: int, message: int) -> None:
        desk = self._desk
        there = desk.ledger.card(desk.portfolio, chat, message)
        if there is None or not there.open:
            return
        view = desk.view(desk.ledger.proposal(there.subject))
        record, state = view.record, state_of(view, there.version)
        waits = record.status is ProposalStatus.AWAITING and record.version == there.version
        buttons = desk.card(view)[1] if waits else ()
        over = record.status.is_final or record.version > there.version
        try:
            self._messenger.edit(chat, message, card_html(view, desk.mandate, there.version), buttons)
        except Undeliverable:
            desk.ledger.show_card(desk.portfolio, chat, message, state, closed=True)
            raise
        desk.ledger.show_card(desk.portfolio, chat, message, state, closed=over)

    def _post(self, send: Send) -> None:
        post(self._messenger, self._desk.ledger, self._desk.portfolio, self._messenger.chat, send, self._desk.wall)


def post(messenger: Messenger, ledger: Ledger, portfolio: str, chat: int, send: Send, wall: datetime) -> int:
    """Send a message and remember what it takes answers for; raises like `Messenger.send`.

    Where the answer is lost, the person may see a card that nobody remembers: it takes no answer, the next one does.
    """
    number = messenger.send(chat, send.html, send.buttons, send.prompt_of)
    if (ask := send.ask) is not None:
        ledger.put_card(
            Card(
                portfolio=portfolio,
                chat=chat,
                message=number,
                kind=ask.kind,
                subject=ask.subject,
                version=ask.version,
                detail=ask.detail,
                person=ask.person,
                shown=ask.shown,
                sent_at=wall,
                until=wall + ask.lasts if ask.lasts is not None else None,
            )
        )
    return number
