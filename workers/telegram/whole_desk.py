"""Stopping, resuming and flattening the desk from a chat; confirmations included."""

import json
from datetime import timedelta

from domain.errors import AlreadyDecided, BadInput, DeskError
from domain.people import CardKind
from graph import control
from workers.cards import short
from workers.telegram.desk import Visit
from workers.telegram.response import Ask, Response, Send, refused, sealed, text
from workers.telegram.staff import Role

CONFIRM_SECONDS = 60.0
PROMPT_SECONDS = 900.0
FRESH = timedelta(seconds=60)
"""An older /resume is refused: what it answered may have changed."""
CONFIRM_LABELS = ((("✔️ Yes, do it", "cf"), ("No", "no")),)
FLATTEN_LABELS = ((("Sell everything …", "fl"),),)
LONGEST_REASON = 200


def kill(visit: Visit) -> Response:
    """Halt at once, however old the message is; then offer to sell everything."""
    reason = " ".join(visit.incoming.arguments)[:LONGEST_REASON] or "killed from Telegram"
    done = control.kill(visit.desk.till, visit.person.name, reason)
    html = short.stopped(done.control, done.cancelled, [f"{order}: {why}" for order, why in done.failed.items()])
    ask = Ask(CardKind.CONTROL, "flatten", 1, person=0)
    offer = Send(html, sealed(visit.desk.seal, FLATTEN_LABELS, "flatten", 1), ask)
    return Response("killed", subject=done.control.state.value, sends=(offer,))


def pause(visit: Visit) -> Response:
    """Let the desk only reduce."""
    reason = " ".join(visit.incoming.arguments)[:LONGEST_REASON] or "paused from Telegram"
    try:
        done = control.pause(visit.desk.till, visit.person.name, reason)
    except (BadInput, AlreadyDecided) as error:
        return text(short.plain(error.message), "refused")
    failed = [f"{order}: {why}" for order, why in done.failed.items()]
    return text(short.stopped(done.control, done.cancelled, failed), "paused", done.control.state.value)


def resume(visit: Visit) -> Response:
    """Ask to go on; a message from while the bot was down is refused."""
    sent = visit.incoming.sent_at
    if sent is None or visit.desk.wall - sent > FRESH:
        return text(short.plain("this /resume is older than 60 seconds: send it again"), "refused", "resume")
    return _resume(visit, "")


def confirmed(visit: Visit, action: str) -> Response:
    """Carry out what a confirmation card asked about."""
    if visit.person.role < Role.ADMIN:
        return refused("only an admin can do this", action)
    if action == "resume":
        return _resume(visit, control.resume_phrase(visit.desk.portfolio))
    return _flatten(visit, typed=False)


def typed(visit: Visit, action: str) -> Response:
    """Carry out what a typed phrase confirms."""
    if visit.person.role < Role.ADMIN:
        return refused("only an admin can do this", action)
    if action == "resume":
        return _resume(visit, control.resume_phrase(visit.desk.portfolio))
    return _flatten(visit, typed=True)


def offer_flatten(visit: Visit) -> Response:
    """Ask once more before everything is sold."""
    if visit.person.role < Role.ADMIN:
        return refused("only an admin can do this", "flatten")
    what = "Cancel entries and sell every holding, through the gate. The desk keeps its state."
    return _confirm(visit, "flatten", what)


def phrase_of(portfolio: str, action: str) -> str:
    """What a single operator types."""
    return control.resume_phrase(portfolio) if action == "resume" else control.flatten_phrase(portfolio)


def _resume(visit: Visit, phrase: str) -> Response:
    desk = visit.desk
    try:
        done = control.resume(desk.till, visit.person.name, phrase, "resumed from Telegram")
    except control.NeedsConfirmation as error:
        return _confirm(visit, "resume", error.message)
    except DeskError as error:
        return text(short.plain(error.message), "refused", "resume")
    if done.done:
        return text(short.plain(f"{done.control.state.value}: {done.control.reason}"), "resumed", "resume")
    if done.single_operator and done.not_before and done.until:
        html = short.phrase_prompt("Second confirmation to resume", done.phrase, done.not_before, done.until)
        return _prompt(visit, "resume", html)
    said = f"asked to resume by {done.control.resume_asked_by}: another approver has to send /resume within 15 minutes"
    return text(short.plain(said), "first_yes", "resume")


def _flatten(visit: Visit, *, typed: bool) -> Response:
    desk, phrase = visit.desk, control.flatten_phrase(visit.desk.portfolio)
    try:
        agreed = control.agree_to_flatten(desk.till, visit.person.name, phrase, known=True, again=typed)
    except BadInput as error:
        return text(short.plain(error.message), "refused", "flatten")
    if agreed.done:
        what = {"do": "flatten", "by": visit.person.name, "confirm": phrase, "how": agreed.how}
        desk.command(visit.incoming.update_id, what)
        said = f"recorded ({agreed.how}): everything is proposed for sale, through the gate"
        return text(short.plain(said), "flatten", "flatten")
    if not agreed.single_operator:
        return text(short.plain("1 of 2: another approver has to /flatten within 15 minutes"), "first_yes", "flatten")
    if typed:
        return text(short.plain("too early: wait until 60 seconds have passed"), "refused", "flatten")
    html = short.phrase_prompt("Second confirmation to flatten", phrase, agreed.not_before, agreed.until)
    return _prompt(visit, "flatten", html)


def _confirm(visit: Visit, action: str, what: str) -> Response:
    html = short.confirm_control(action, visit.desk.portfolio, what, visit.person.name)
    ask = Ask(CardKind.CONFIRM, action, 1, json.dumps({"do": action}), visit.person.id, CONFIRM_SECONDS)
    message = Send(html, sealed(visit.desk.seal, CONFIRM_LABELS, action, 1), ask)
    return Response("confirm_asked", "confirm it within 60 seconds", action, sends=(message,))


def _prompt(visit: Visit, action: str, html: str) -> Response:
    ask = Ask(CardKind.PROMPT, action, 1, json.dumps({"do": action}), visit.person.id, PROMPT_SECONDS)
    prompt = Send(html, ask=ask, prompt_of=visit.person.id)
    return Response("first_yes", "first yes recorded: confirm by the phrase", action, sends=(prompt,))
