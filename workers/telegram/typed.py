"""What a reply to one of our prompts does: a smaller number, or the phrase that a single operator types."""

import json

from domain.people import CardKind
from workers.telegram import answering, whole_desk
from workers.telegram.commands.approver import number
from workers.telegram.desk import Visit
from workers.telegram.response import Response, refused
from workers.telegram.staff import Role
from workers.telegram.taps import STALE, lapsed


def reply(visit: Visit) -> Response:
    """Carry out a reply to the prompt that is recorded under that message."""
    prompt = visit.at
    if prompt is None or prompt.kind is not CardKind.PROMPT or not prompt.open:
        return refused(STALE)
    if (why_not := lapsed(visit, prompt)) is not None:
        return refused(why_not, prompt.subject)
    if visit.person.role < Role.APPROVER:
        return refused("a viewer can't do this", prompt.subject)
    asked = json.loads(prompt.detail)
    done = _carry_out(visit, str(asked["do"]), float(asked.get("quantity", 0.0)))
    if done.outcome != "refused":
        visit.desk.ledger.use_card(prompt.portfolio, prompt.chat, prompt.message)
    return done


def _carry_out(visit: Visit, what: str, quantity: float) -> Response:
    assert visit.at is not None
    desk, words = visit.desk, " ".join(visit.incoming.text.split())
    if what in {"resume", "flatten"}:
        phrase = whole_desk.phrase_of(desk.portfolio, what)
        return whole_desk.typed(visit, what) if words == phrase else refused(f"that is not {phrase!r}", what)
    record = desk.ledger.proposal(visit.at.subject)
    subject = f"P-{record.id}"
    if record.version != visit.at.version:
        return refused(f"{subject} is at version {record.version} meanwhile", subject)
    if what == "size":
        wanted = number(words)
        return (
            refused(f"{words[:40]} is no number", subject)
            if wanted is None
            else answering.shrink(visit, record, wanted)
        )
    phrase = answering.approve_phrase(record)
    if words != phrase:
        return refused(f"that is not {phrase!r}", subject)
    return answering.approve_typed(visit, record, quantity)
