"""What a pressed button does, after everything about it was checked."""

import json
from collections.abc import Callable
from typing import NamedTuple

from domain.errors import NotFound
from domain.people import Card, CardKind
from domain.records import ProposalRecord, ProposalStatus
from graph.answers import shown_quantity
from workers.cards.approval import REASONS, SHARES
from workers.cards.trace import trace
from workers.telegram import answering, whole_desk
from workers.telegram.desk import Visit
from workers.telegram.response import Response, Send, refused
from workers.telegram.seal import Pressed
from workers.telegram.staff import Role

ONE_OF_MANY = "op"
NOT_YOURS = "this question was put to somebody else"
STALE = "this is not the card that counts: look for a newer one, or /pending"


class Act(NamedTuple):
    """What a button on a proposal's card does, and who may press it."""

    role: Role
    run: Callable[[Visit, ProposalRecord], Response]


def press(visit: Visit, pressed: Pressed) -> Response:
    """Carry out a button of ours under the card that is recorded."""
    card = visit.at
    if card is None or not _belongs(card, pressed):
        return refused(STALE, pressed.subject)
    if (why_not := lapsed(visit, card)) is not None:
        return refused(why_not, pressed.subject)
    if card.kind is CardKind.CONFIRM:
        return _confirmed(visit, card, pressed)
    if card.kind is CardKind.CONTROL:
        return whole_desk.offer_flatten(visit) if pressed.act == "fl" else refused(STALE, pressed.subject)
    return _act(visit, card, pressed)


def lapsed(visit: Visit, card: Card) -> str | None:
    """Why a card takes no answer from this person now; None where it does."""
    if card.person not in {0, visit.person.id}:
        return NOT_YOURS
    if card.until is not None and visit.desk.wall >= card.until:
        return "too late: ask again"
    return None


def _act(visit: Visit, card: Card, pressed: Pressed) -> Response:
    act = ACTS.get(pressed.act)
    if act is None:
        return refused(STALE, pressed.subject)
    if visit.person.role < act.role:
        return refused(f"a {visit.person.role.name.lower()} can't do this", f"P-{pressed.subject}")
    try:
        record = visit.desk.ledger.proposal(pressed.subject)
    except NotFound as error:
        return refused(error.message, f"P-{pressed.subject}")
    if record.portfolio != visit.desk.portfolio:
        return refused(STALE, f"P-{pressed.subject}")
    if card.kind is CardKind.PROPOSAL and record.version != pressed.version:
        return refused(f"P-{record.id} is at version {record.version}: answer its newer card", f"P-{record.id}")
    return act.run(visit, record)


def _belongs(card: Card, pressed: Pressed) -> bool:
    if not card.open:
        return False
    if card.kind is CardKind.DIGEST:
        return pressed.act == ONE_OF_MANY
    return (card.subject, card.version) == (pressed.subject, pressed.version)


def _confirmed(visit: Visit, card: Card, pressed: Pressed) -> Response:
    desk = visit.desk
    if pressed.act not in {"cf", "no"} or not desk.ledger.use_card(card.portfolio, card.chat, card.message):
        return refused(STALE, pressed.subject)
    if pressed.act == "no":
        return Response("not_confirmed", "nothing was done", card.subject)
    asked = json.loads(card.detail)
    if asked["do"] != "approve":
        return whole_desk.confirmed(visit, asked["do"])
    record = desk.ledger.proposal(card.subject)
    if record.version != card.version:
        return refused(f"P-{record.id} is at version {record.version} meanwhile", f"P-{record.id}")
    return answering.approve(visit, record, float(asked["quantity"]), confirmed=True)


def _half(visit: Visit, record: ProposalRecord) -> Response:
    lot = record.trade.lot if record.trade else 1.0
    half = shown_quantity(record) / 2.0 // lot * lot
    if half <= 0.0:
        return refused("half of it is less than one unit", f"P-{record.id}")
    return answering.approve(visit, record, half)


def _whole(visit: Visit, record: ProposalRecord) -> Response:
    return answering.approve(visit, record, shown_quantity(record))


def why(visit: Visit, record: ProposalRecord) -> Response:
    """Tell the stored story of a proposal."""
    ledger = visit.desk.ledger
    calls = ledger.calls(record.portfolio, record.slot) if record.slot else ()
    html = trace(visit.desk.view(record), ledger.verdicts(record.id), calls)
    return Response("explained", subject=f"P-{record.id}", sends=(Send(html),))


def _open_card(visit: Visit, record: ProposalRecord) -> Response:
    desk = visit.desk
    if record.status is not ProposalStatus.AWAITING:
        return why(visit, record)
    return Response("opened", "here it is", f"P-{record.id}", sends=(desk.send_card(record),))


def _no(reason: str) -> Callable[[Visit, ProposalRecord], Response]:
    return lambda visit, record: answering.reject(visit, record, reason)


def _less(share: float) -> Callable[[Visit, ProposalRecord], Response]:
    return lambda visit, record: answering.shrink(visit, record, shown_quantity(record) * share)


ACTS = {
    "ap": Act(Role.APPROVER, _whole),
    "ah": Act(Role.APPROVER, _half),
    "rj": Act(Role.APPROVER, answering.ask_reason),
    "sz": Act(Role.APPROVER, answering.offer_sizes),
    "sc": Act(Role.APPROVER, answering.ask_size),
    "bk": Act(Role.APPROVER, answering.back),
    "wy": Act(Role.VIEWER, why),
    ONE_OF_MANY: Act(Role.VIEWER, _open_card),
    **{act: Act(Role.APPROVER, _no(reason)) for act, reason in REASONS.items()},
    **{act: Act(Role.APPROVER, _less(share)) for act, share in SHARES.items()},
}
