"""Carry out what came in: check who and where, decide, write the one audit row, and only then answer."""

from dataclasses import dataclass
from typing import NamedTuple

import structlog

from domain.errors import Busy, DeskError
from domain.people import StoredUpdate
from workers.cards import short
from workers.telegram import taps
from workers.telegram.commands import commands
from workers.telegram.desk import Desk, Visit
from workers.telegram.incoming import Incoming, read_update
from workers.telegram.response import Response, Send, refused
from workers.telegram.seal import Seal
from workers.telegram.staff import Person
from workers.telegram.typed import reply
from workers.till import OpenTill

FORGED = "that button was not made here"
URGENT = frozenset({"kill", "pause"})

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class Handled(NamedTuple):
    """What to answer; `mine` is false where another process has dealt with it already."""

    incoming: Incoming
    response: Response
    mine: bool


@dataclass(frozen=True)
class Counter:
    """Where people are served; it keeps nothing between two requests but who is who."""

    staff: dict[int, Person]
    seal: Seal
    chat: int

    def guard(self, incoming: Incoming) -> str | None:
        """Why this comes from nobody we listen to; None where it does not."""
        if incoming.refused:
            return f"refused: {incoming.refused}"
        if incoming.chat != self.chat:
            return "refused: another chat"
        return None if incoming.user in self.staff else "refused: you are not on the list"

    def carry_out(self, till: OpenTill, update: StoredUpdate) -> Handled:
        """Carry out one stored update; safe to repeat after a crash.

        Raises:
            Busy: the ledger is busy; the update waits on.
        """
        incoming = read_update(update.update_id, update.body)
        why_not = self.guard(incoming)
        response = refused(why_not) if why_not is not None else self._serve(till, incoming)
        person = self.staff.get(incoming.user)
        mine = till.ledger.end_update(
            till.portfolio,
            update.update_id,
            _action(incoming),
            response.subject or incoming.command or "-",
            {
                "user": incoming.user,
                "chat": incoming.chat,
                "message": incoming.message,
                "asked": _asked(incoming),
                "outcome": response.outcome,
                "why": response.said,
            },
            person.name if person else f"telegram:{incoming.user}",
            till.clock.wall(),
        )
        return Handled(incoming, _as_message(incoming, response) if person else response, mine)

    def _serve(self, till: OpenTill, incoming: Incoming) -> Response:
        desk = Desk(till, self.staff, self.seal, self.chat)
        person = self.staff[incoming.user]
        try:
            return self._served(desk, person, incoming)
        except Busy:
            raise
        except DeskError as error:
            return refused(error.message)
        except Exception:
            log.exception("update_failed", update=incoming.update_id)
            return Response("failed", "something went wrong here; nothing was decided: see /pending", alert=True)

    def _served(self, desk: Desk, person: Person, incoming: Incoming) -> Response:
        if incoming.kind == "tap":
            at = desk.ledger.card(desk.portfolio, incoming.chat, incoming.message)
            pressed = self.seal.read(incoming.text)
            return refused(FORGED) if pressed is None else taps.press(Visit(desk, person, incoming, at), pressed)
        if incoming.command:
            return _command(Visit(desk, person, incoming))
        if incoming.reply_to is not None:
            at = desk.ledger.card(desk.portfolio, incoming.chat, incoming.reply_to)
            return reply(Visit(desk, person, incoming, at))
        return Response("ignored")


def urgent_first(update: StoredUpdate) -> tuple[bool, int]:
    """Order a backlog: what stops the desk does not wait behind other people's questions."""
    incoming = read_update(update.update_id, update.body)
    return incoming.command not in URGENT, update.update_id


def _command(visit: Visit) -> Response:
    known = commands().get(visit.incoming.command)
    if known is None:
        return refused(f"/{visit.incoming.command[:40]} is no command: see /help")
    if visit.person.role < known.role:
        return refused(f"/{visit.incoming.command} takes an {known.role.name.lower()}")
    return known.run(visit)


def _action(incoming: Incoming) -> str:
    if not incoming.asks:
        return ""
    if incoming.kind == "tap":
        return "tap"
    return "command" if incoming.command else "reply"


def _asked(incoming: Incoming) -> str:
    return incoming.text.rpartition(":")[0][:60] if incoming.kind == "tap" else incoming.text[:120]


def _as_message(incoming: Incoming, response: Response) -> Response:
    """A tap is answered in place; what was typed is answered by a message."""
    if incoming.kind != "text" or not response.said or response.sends:
        return response
    return response._replace(sends=(Send(short.plain(response.said)),))
