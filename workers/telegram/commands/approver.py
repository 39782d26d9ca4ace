"""/approve /reject /pause /cancel /close /run: answers, and requests that a process with a graph carries out."""

from domain.errors import DeskError, NotFound
from domain.records import ProposalRecord
from graph.answers import shown_quantity
from graph.control import cancel_order
from graph.priced import priced_symbols
from workers.cards import short
from workers.telegram import answering, whole_desk
from workers.telegram.commands import Command
from workers.telegram.desk import COMMAND, Visit
from workers.telegram.response import Response, refused, text
from workers.telegram.staff import Role

RUN_SECONDS = 300
WHOLE = 100.0


def _approve(visit: Visit) -> Response:
    record = _named(visit)
    if isinstance(record, Response):
        return record
    given = visit.incoming.arguments[1:2]
    quantity = number(given[0]) if given else shown_quantity(record)
    if quantity is None or not 0.0 < quantity <= shown_quantity(record):
        return refused(
            f"{given[0] if given else 0} is not between 0 and the {shown_quantity(record):g} that were shown"
        )
    return answering.approve(visit, record, quantity)


def _reject(visit: Visit) -> Response:
    record = _named(visit)
    if isinstance(record, Response):
        return record
    return answering.reject(visit, record, " ".join(visit.incoming.arguments[1:])[:200])


def _close(visit: Visit) -> Response:
    desk, words = visit.desk, visit.incoming.arguments
    symbol = words[0].upper() if words else ""
    share = number(words[1].rstrip("%")) if len(words) > 1 else WHOLE
    if symbol not in priced_symbols(desk.mandate, desk.ledger):
        return refused("say which symbol of the mandate or the book, like /close AAPL or /close AAPL 50")
    if share is None or not 0.0 < share <= WHOLE:
        return refused(f"{words[1]} is no per cent between 0 and 100")
    what: dict[str, str | float] = {"do": "close", "symbol": symbol, "share": share / WHOLE, "by": visit.person.name}
    desk.command(visit.incoming.update_id, what)
    return Response("recorded", f"recorded: {share:g} % of {symbol} is proposed for sale, through the gate", symbol)


def _cancel(visit: Visit) -> Response:
    words = visit.incoming.arguments
    try:
        after = cancel_order(visit.desk.till, words[0] if words else "", visit.person.name)
    except DeskError as error:
        return refused(str(error))
    said = f"asked the broker to cancel {after.client_order_id} ({after.symbol}): {after.state.value}"
    return Response("cancel asked", said, after.client_order_id)


def _run(visit: Visit) -> Response:
    desk = visit.desk
    key = f"run:{desk.portfolio}:{int(desk.wall.timestamp()) // RUN_SECONDS}"
    new = desk.ledger.post(desk.portfolio, COMMAND, key, {"do": "run", "by": visit.person.name}, desk.wall)
    if not new:
        return refused("a run was asked for in these five minutes already")
    return Response("recorded", "recorded: the next session is run by pm settle or pm serve", "run")


def _named(visit: Visit) -> ProposalRecord | Response:
    if not visit.incoming.arguments:
        return text(short.plain("say which: /pending lists what waits"), "refused")
    try:
        return visit.desk.ledger.find_proposal(visit.incoming.arguments[0], visit.desk.portfolio)
    except NotFound as error:
        return text(short.plain(error.message), "refused")


def number(text_: str) -> float | None:
    """Read a number as people write it; None where it is none."""
    try:
        value = float(text_.replace(",", ""))
    except ValueError:
        return None
    return value if value == value and abs(value) != float("inf") else None  # noqa: PLR0124 - NaN differs from itself


COMMANDS = {
    "approve": Command(Role.APPROVER, "ID [UNITS]: say yes", _approve),
    "reject": Command(Role.APPROVER, "ID [why]: say no", _reject),
    "close": Command(Role.APPROVER, "SYMBOL [per cent]: propose to sell", _close),
    "cancel": Command(Role.APPROVER, "ORDER: cancel an entry that rests", _cancel),
    "run": Command(Role.APPROVER, "run the next session", _run),
    "pause": Command(Role.APPROVER, "only reduce, until /resume", whole_desk.pause),
}
