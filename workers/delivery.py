"""Tell people: post what happened since the last look, then send what is due, each channel on its own."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import NamedTuple

import structlog
from pydantic import JsonValue

from domain.errors import DeskError, Undeliverable, Undelivered
from domain.outbox import OutboxItem
from domain.people import Card, CardKind, Message
from domain.ports import Clock
from domain.records import AuditRow, ProposalRecord, ProposalStatus
from domain.storage import Ledger
from tools.notifiers import NOTIFIERS
from workers.cards.view import look_at, state_of
from workers.channels import CARDS, Channels, read_channels, topic
from workers.notices import notices_of
from workers.sending import Sender
from workers.till import OpenTill, open_till

MOST_CARDS = 3
"""More proposals than this at once are one digest."""
MOST_AT_ONCE = 40
MOST_ATTEMPTS = 12
LEASE_SECONDS = 90.0
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 900.0
Payload = dict[str, JsonValue]
ASKS = frozenset({"approval_asked", "proposal_shrunk"})

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class Delivered(NamedTuple):
    """What one pass did: messages sent, put off, and given up."""

    sent: int = 0
    failed: int = 0
    parked: int = 0


def deliver(portfolio: str) -> Delivered:
    """Tell people what is new in one portfolio; any process may call it, any number of them at once.

    Never raises for a channel that fails: its messages are tried again, and given up after a day or so.

    Raises:
        DeskError: settings, mandate or ledger are not what they must be.
    """
    with open_till(portfolio) as till:
        return deliver_from(till)


def deliver_from(till: OpenTill) -> Delivered:
    """Do the same from an open till."""
    channels = read_channels(till.settings, till.portfolio)
    if not channels.names:
        return Delivered()
    announce(till.ledger, till.clock, till.portfolio, channels)
    with ThreadPoolExecutor(len(channels.names)) as pool:
        done = list(pool.map(lambda name: _send_due(till, name), channels.names))
    return Delivered(*(sum(counts) for counts in zip(*done, strict=True)))


def announce(ledger: Ledger, clock: Clock, portfolio: str, channels: Channels) -> None:
    """Post what happened since the last call, once whoever calls; before the first call nothing has happened."""
    before = ledger.told_until(portfolio)
    rows = tuple(ledger.audit_rows(portfolio, before or 0))
    until = rows[-1].sequence if rows else before or 0
    waiting = ledger.proposals(portfolio, statuses=[ProposalStatus.AWAITING]) if rows else ()
    messages: list[Message] = []
    if before is not None:
        messages += _notices(ledger, clock, portfolio, rows, channels)
        asked = {row.subject.removeprefix("P-") for row in rows if row.action in ASKS}
        waiting = tuple(record for record in waiting if record.id in asked)
    if channels.asks:
        messages += _questions(ledger, clock, portfolio, waiting, until)
        messages += _changes(ledger, clock, portfolio, moved=bool(rows))
    if messages or until != before:
        ledger.tell(portfolio, before, until, messages)


def _notices(
    ledger: Ledger, clock: Clock, portfolio: str, rows: tuple[AuditRow, ...], channels: Channels
) -> Iterator[Message]:
    wall = clock.wall()
    for told in notices_of(ledger, portfolio, rows):
        if channels.wants(told.notice):
            for name in channels.names:
                payload: Payload = {"type": "notice", "notice": told.notice.model_dump(mode="json")}
                yield Message(topic(name), f"{name}:{told.key}", payload, channels.when(told.notice, wall))


def _questions(
    ledger: Ledger, clock: Clock, portfolio: str, asked: Iterable[ProposalRecord], until: int
) -> Iterator[Message]:
    new, wall = tuple(asked), clock.wall()
    there = {card.subject for card in ledger.cards(portfolio) if card.kind is CardKind.PROPOSAL}
    if new and len({record.id for record in new} | there) > MOST_CARDS and not {record.id for record in new} <= there:
        yield Message(topic(CARDS), f"digest:{portfolio}:{until}", {"type": "digest"}, wall)
        return
    for record in new:
        payload: Payload = {"type": "card", "proposal": record.id, "version": record.version}
        yield Message(topic(CARDS), f"card:{record.id}:v{record.version}", payload, wall)


def _changes(ledger: Ledger, clock: Clock, portfolio: str, *, moved: bool) -> Iterator[Message]:
    for card in ledger.cards(portfolio):
        if card.kind is CardKind.PROPOSAL and (moved or _may_lapse(card)):
            state = state_of(look_at(ledger, clock, ledger.proposal(card.subject)), card.version)
            if state != card.shown:
                payload: Payload = {"type": "edit", "chat": card.chat, "message": card.message}
                key = f"edit:{card.chat}:{card.message}:{state}"
                yield Message(topic(CARDS), key, payload, clock.wall())


def _may_lapse(card: Card) -> bool:
    """A first yes is forgotten by time alone: no row tells of it."""
    return bool(card.shown.split("|")[2:3] != [""])


def _send_due(till: OpenTill, channel: str) -> Delivered:
    sent = failed = parked = 0
    ledger, clock = till.ledger, till.clock
    sender: Sender | None = None
    for _ in range(MOST_AT_ONCE):
        due = ledger.claim_outbox(
            [topic(channel)], clock.wall(), lease_seconds=LEASE_SECONDS, limit=1, portfolio=till.portfolio
        )
        if not due:
            break
        try:
            sender = sender or Sender(till, NOTIFIERS[channel].connect())
            sender.send(due[0])
        except Undeliverable as error:
            parked += _put_off(till, due[0], error, give_up=True)
        except DeskError as error:
            gone = _put_off(till, due[0], error, give_up=due[0].attempts >= MOST_ATTEMPTS)
            parked, failed = parked + gone, failed + 1 - gone
            break  # the channel is down or asks us to wait: the rest keeps its turn
        else:
            ledger.outbox_done(due[0].key, clock.wall())
            sent += 1
    return Delivered(sent, failed, parked)


def _put_off(till: OpenTill, item: OutboxItem, error: DeskError, *, give_up: bool) -> int:
    pause = min(FIRST_PAUSE * 2.0 ** (item.attempts - 1), LONGEST_PAUSE)
    asked = getattr(error, "retry_after", None) if isinstance(error, Undelivered) else None
    retry_at = None if give_up else till.clock.wall() + timedelta(seconds=max(pause, asked or 0.0))
    till.ledger.outbox_failed(item.key, error.message[:300], retry_at)
    log.warning("message_not_delivered", topic=item.topic, key=item.key, problem=error.message, given_up=give_up)
    return int(give_up)
