"""Saying yes, no or less to a proposal: the decision is written before anybody is answered."""

import json

from domain.errors import AlreadyDecided, BadInput
from domain.people import CardKind, Consent
from domain.records import ProposalRecord, ProposalStatus
from graph.answers import answer_card
from graph.two_people import CARD_WITHIN, Agreement, agree, alone
from workers.cards import short
from workers.cards.approval import Labels, reason_buttons, size_buttons
from workers.cards.safeguards import CONFIRM_ABOVE, reasons_for_two, safeguards_of
from workers.cards.text import clock_time
from workers.cards.view import CardView
from workers.cli.output import units
from workers.telegram.desk import CHANNEL, Desk, Visit
from workers.telegram.response import Ask, Change, Response, Send, refused, sealed

CONFIRM_SECONDS = 60.0
PROMPT_SECONDS = 600.0
MOST_VERSIONS = 3
CONFIRM_LABELS = ((("✔️ Yes, do it", "cf"), ("No", "no")),)


def approve(visit: Visit, record: ProposalRecord, quantity: float, *, confirmed: bool = False) -> Response:
    """Say yes to `quantity` units; asks for a confirmation or a second person where the rules want one."""
    desk, subject = visit.desk, f"P-{record.id}"
    if (why := _not_open(desk, record) or _not_among(visit, record)) is not None:
        return refused(why, subject)
    view = desk.view(record)
    guards = safeguards_of(view, desk.mandate)
    if not confirmed and _share(view, quantity) > CONFIRM_ABOVE:
        return _confirm(visit, view, quantity)
    if not guards.takes_two:
        return _decide(visit, record, quantity, "")
    agreed = _agree(visit, record, quantity, again=False)
    if agreed.done:
        return _decide(visit, record, agreed.quantity, agreed.how)
    if guards.single:
        return _ask_phrase(visit, view, agreed)
    return Response("first_yes", "1 of 2 recorded: another approver has to say yes within 10 minutes", subject)


def approve_typed(visit: Visit, record: ProposalRecord, quantity: float) -> Response:
    """Say yes a second time, by the phrase that was asked for."""
    desk, subject = visit.desk, f"P-{record.id}"
    if (why := _not_open(desk, record) or _not_among(visit, record)) is not None:
        return refused(why, subject)
    agreed = _agree(visit, record, quantity, again=True)
    if not agreed.done:
        return refused(f"too early: confirm from {clock_time(agreed.not_before, seconds=True)} on", subject)
    return _decide(visit, record, agreed.quantity, agreed.how)


def reject(visit: Visit, record: ProposalRecord, reason: str) -> Response:
    """Say no; one person is enough."""
    return _answer(visit, record, "reject", 0.0, reason)


def shrink(visit: Visit, record: ProposalRecord, quantity: float) -> Response:
    """Offer less: the proposal gets its next version, and a new card."""
    desk, subject = visit.desk, f"P-{record.id}"
    if (why := _not_open(desk, record)) is not None:
        return refused(why, subject)
    if record.version >= MOST_VERSIONS:
        return refused(f"this is version {record.version}, the last one: approve or reject it", subject)
    lot = record.trade.lot if record.trade else 1.0
    whole = quantity // lot * lot
    try:
        after = desk.ledger.shrink(record.id, record.version, whole, visit.person.name, desk.wall)
    except (AlreadyDecided, BadInput) as error:
        return refused(error.message, subject)
    return Response("shrunk", f"offered anew as v{after.version}: {units(whole)} units; a new card follows", subject)


def ask_reason(visit: Visit, record: ProposalRecord) -> Response:
    """Put the reasons under the card."""
    return _keyboard(visit, record, reason_buttons())


def offer_sizes(visit: Visit, record: ProposalRecord) -> Response:
    """Put smaller sizes under the card."""
    return _keyboard(visit, record, size_buttons(visit.desk.view(record)))


def back(visit: Visit, record: ProposalRecord) -> Response:
    """Put the card's own buttons back."""
    html, buttons = visit.desk.card(visit.desk.view(record))
    return Response("looked", subject=f"P-{record.id}", changes=(Change(visit.incoming.message, html, buttons),))


def ask_size(visit: Visit, record: ProposalRecord) -> Response:
    """Ask for a number, bound to the message that asks."""
    ask = Ask(CardKind.PROMPT, record.id, record.version, _do("size"), visit.person.id, PROMPT_SECONDS)
    prompt = Send(short.size_prompt(visit.desk.view(record)), ask=ask, prompt_of=visit.person.id)
    return Response("size_asked", "reply with a number", f"P-{record.id}", sends=(prompt,))


def _not_among(visit: Visit, record: ProposalRecord) -> str | None:
    mandate = visit.desk.mandate
    if not reasons_for_two(record) or alone(mandate) or visit.person.name in mandate.approvers:
        return None
    return f"{visit.person.name} is not among this mandate's approvers"


def _agree(visit: Visit, record: ProposalRecord, quantity: float, *, again: bool) -> Agreement:
    """Count this person's yes; a tap is no second one, a typed phrase is `again`."""
    desk = visit.desk
    yes = Consent(
        portfolio=desk.portfolio,
        subject=f"P-{record.id}",
        version=record.version,
        person=visit.person.name,
        quantity=quantity,
        at=desk.wall,
    )
    return agree(desk.ledger, desk.mandate, yes, CARD_WITHIN, known=True, again=again)


def _confirm(visit: Visit, view: CardView, quantity: float) -> Response:
    record = view.record
    ask = Ask(CardKind.CONFIRM, record.id, record.version, _do("approve", quantity), visit.person.id, CONFIRM_SECONDS)
    buttons = sealed(visit.desk.seal, CONFIRM_LABELS, record.id, record.version)
    message = Send(short.confirm(view, quantity, visit.person.name), buttons, ask)
    return Response("confirm_asked", "confirm it within 60 seconds", f"P-{record.id}", sends=(message,))


def _ask_phrase(visit: Visit, view: CardView, agreed: Agreement) -> Response:
    record, quantity = view.record, agreed.quantity
    html = short.phrase_prompt(
        f"Second yes to P-{record.id} v{record.version}: {units(quantity)} {record.proposal.symbol}",
        approve_phrase(record),
        agreed.not_before,
        agreed.until,
    )
    ask = Ask(CardKind.PROMPT, record.id, record.version, _do("approve", quantity), visit.person.id, PROMPT_SECONDS)
    prompt = Send(html, ask=ask, prompt_of=visit.person.id)
    said = "first yes recorded: confirm by the phrase, 60 seconds from the first"
    return Response("first_yes", said, f"P-{record.id}", sends=(prompt,))


def approve_phrase(record: ProposalRecord) -> str:
    """What a single operator types."""
    return f"approve P-{record.id}"


def _decide(visit: Visit, record: ProposalRecord, quantity: float, reason: str) -> Response:
    return _answer(visit, record, "approve", quantity, reason)


def _answer(visit: Visit, record: ProposalRecord, answer: str, quantity: float, reason: str) -> Response:
    desk, subject = visit.desk, f"P-{record.id}"
    try:
        answer_card(
            desk.till,
            record,
            answer=answer,
            by=visit.person.name,
            channel=CHANNEL,
            quantity=quantity if answer == "approve" else None,
            reason=reason,
        )
    except (AlreadyDecided, BadInput) as error:
        return refused(error.message, subject)
    desk.advance(record.id, record.version)
    words = {"approve": f"recorded: yes to {units(quantity)}; judged once more before anything is sent"}
    return Response(answer, words.get(answer, "recorded: no"), subject)


def _keyboard(visit: Visit, record: ProposalRecord, labels: Labels) -> Response:
    desk = visit.desk
    if (why := _not_open(desk, record)) is not None:
        return refused(why, f"P-{record.id}")
    html, _ = desk.card(desk.view(record))
    buttons = sealed(desk.seal, labels, record.id, record.version)
    return Response("looked", subject=f"P-{record.id}", changes=(Change(visit.incoming.message, html, buttons),))


def _not_open(desk: Desk, record: ProposalRecord) -> str | None:
    """Why a proposal takes no answer any more, in words; None where it does."""
    if record.status is ProposalStatus.AWAITING:
        late = record.expires_at is not None and desk.till.clock.now() >= record.expires_at
        return f"P-{record.id} has expired" if late else None
    given = desk.ledger.approval(record.id, record.version)
    if given is not None:
        words = {"approve": "approved", "reject": "rejected", "expire": "expired", "supersede": "superseded"}
        return f"already {words[given.answer]} by {given.by} at {clock_time(given.at)}"
    return f"P-{record.id} is {record.status.value} and waits for no answer"


def _share(view: CardView, quantity: float) -> float:
    price = view.record.trade.price if view.record.trade else 0.0
    return quantity * price / view.equity if view.equity > 0.0 else 1.0


def _do(what: str, quantity: float = 0.0) -> str:
    return json.dumps({"do": what, "quantity": quantity})
