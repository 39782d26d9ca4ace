"""/start /help /status /positions /orders /pending /pnl: where the portfolio stands."""

from typing import NamedTuple

from domain.book import Book
from domain.errors import DeskError
from domain.market import MarketSnapshot
from domain.people import CardKind
from domain.records import ProposalStatus
from graph.views import book_of, market_now
from workers.cards import short
from workers.cards.text import escape, joined, quoted
from workers.cli.as_json import order_status
from workers.cli.output import money, percent, units
from workers.telegram.commands import Command, commands
from workers.telegram.desk import Desk, Visit
from workers.telegram.response import Ask, Response, Send, sealed, text
from workers.telegram.staff import Role

MOST_ORDERS = 10
MOST_POSITIONS = 20
SPANS = {"1d": 1, "1w": 5, "1m": 21, "1y": 252}


class Look(NamedTuple):
    """The book and the market it is reckoned with; `note` says where prices are not the newest."""

    market: MarketSnapshot
    book: Book
    note: str = ""


def look(desk: Desk) -> Look | None:
    """The book at what the feed says now, else at what the newest run saw; None before anything was seen."""
    try:
        market, note = market_now(desk.till), ""
    except DeskError as error:
        newest = next(iter(desk.ledger.runs(desk.portfolio, limit=1)), None)
        if newest is None or newest.snapshot_digest is None:
            return None
        market = desk.ledger.snapshot(newest.snapshot_digest)
        note = f"prices of {market.as_of:%Y-%m-%d %H:%M} UTC: {error.message}"
    return Look(market, book_of(desk.till, market), note)


def nothing_yet() -> Response:
    """There has been no run, and the feed does not answer."""
    return text(short.plain("nothing is known yet: there has been no run, and the feed does not answer"))


def _help(visit: Visit) -> Response:
    mine = {name: command for name, command in commands().items() if command.role <= visit.person.role}
    lines = [f"/{name} {escape(command.help)}" for name, command in mine.items()]
    you = (
        f"You are {quoted(visit.person.name, 60)}, {visit.person.role.name.lower()} of {escape(visit.desk.portfolio)}."
    )
    return text(joined([you, *lines], last=["Paper trading only."]))


def _status(visit: Visit) -> Response:
    desk = visit.desk
    seen = look(desk)
    if seen is None:
        return nothing_yet()
    book, control = seen.book, desk.ledger.control(desk.portfolio)
    waiting = desk.ledger.proposals(desk.portfolio, statuses=[ProposalStatus.AWAITING])
    last = next(iter(desk.ledger.runs(desk.portfolio, limit=1)), None)
    drawdown = max(1.0 - book.unit_value / book.reference_high, 0.0)
    reason = f": {quoted(control.reason, 120)} ({quoted(control.by, 40)})" if control.reason else ""
    lines = [
        f"<b>{escape(desk.portfolio)}</b> · session {book.session} · <b>{book.control.value}</b>{reason}",
        f"equity {money(book.equity)} · cash {money(book.cash)} · unit value {book.unit_value:.4f}",
        f"drawdown {percent(drawdown)} · {len(book.positions)} positions · {len(book.working)} open orders",
        f"{len(waiting)} wait for an answer · {book.unknown_orders} unknown · broker differs in {book.mismatches}",
        f"last run {quoted(last.slot, 60)}: {last.status.value}, {quoted(last.analyst, 40)}" if last else "no run yet",
        quoted(seen.note),
    ]
    return text(joined(lines, last=["PAPER"]))


def _positions(visit: Visit) -> Response:
    seen = look(visit.desk)
    if seen is None:
        return nothing_yet()
    book, lines = seen.book, []
    for symbol, held in sorted(book.positions.items()):
        price = seen.market.price(symbol)
        if price is None:
            lines.append(f"{escape(symbol)} {units(held.quantity)}: no price")
            continue
        gain = price / held.average_price - 1.0 if held.average_price else 0.0
        stop = f" · stop {held.plan.stop_price:,.2f} · until {held.plan.horizon}" if held.plan else ""
        weight = held.quantity * price / book.equity if book.equity else 0.0
        lines.append(
            f"<b>{escape(symbol)}</b> {units(held.quantity)} at {price:,.2f} · {percent(weight)} · {gain:+.1%}{stop}"
        )
    head = f"<b>{len(lines)} positions</b> · cash {money(book.cash)} · equity {money(book.equity)}"
    return text(joined([head, *lines[:MOST_POSITIONS], quoted(seen.note)], last=["PAPER"]))


def _orders(visit: Visit) -> Response:
    found = visit.desk.ledger.orders(visit.desk.portfolio, limit=MOST_ORDERS)
    lines = [
        f"{one.session} {one.side.value} {units(float(one.filled_quantity))} of {units(float(one.quantity))}"
        f" {escape(one.symbol)}: {order_status(one)} {quoted(one.problem, 100)}"
        for one in found
    ]
    return text(joined([f"<b>Orders</b>, the newest {len(lines)}", *lines], last=["PAPER"]))


def _pending(visit: Visit) -> Response:
    desk = visit.desk
    desk.ledger.expire(desk.portfolio, desk.till.clock.now())
    waiting = desk.ledger.proposals(desk.portfolio, statuses=[ProposalStatus.AWAITING])
    if not waiting:
        return text(short.plain("nothing waits for an answer"))
    if len(waiting) == 1:
        return Response("answered", sends=(desk.send_card(waiting[0]),))
    views = [desk.view(record) for record in waiting]
    buttons = sealed(desk.seal, short.digest_buttons(views), "digest", 1)
    return Response("answered", sends=(Send(short.digest(views), buttons, Ask(CardKind.DIGEST, "digest")),))


def _pnl(visit: Visit) -> Response:
    desk = visit.desk
    points = desk.ledger.equity_points(desk.portfolio, limit=max(SPANS.values()) + 1)
    if not points:
        return text(short.plain("no session has been struck yet"))
    asked = visit.incoming.arguments[0].lower() if visit.incoming.arguments else ""
    spans = {asked: SPANS[asked]} if asked in SPANS else SPANS
    lines = [
        f"{name}: {points[0].unit_value / points[back].unit_value - 1.0:+.2%} since {points[back].session}"
        for name, back in spans.items()
        if back < len(points)
    ]
    first = points[-1]
    since = f"{points[0].unit_value / first.unit_value - 1.0:+.2%} since {first.session}, the first session known here"
    head = (
        f"<b>{escape(desk.portfolio)}</b> at the open of {points[0].session}: equity {money(float(points[0].equity))}"
    )
    return text(joined([head, *lines, since], last=["net of deposits and withdrawals · PAPER"]))


COMMANDS = {
    "start": Command(Role.VIEWER, "who you are, and what you can say", _help),
    "help": Command(Role.VIEWER, "the same", _help),
    "status": Command(Role.VIEWER, "where the portfolio stands", _status),
    "positions": Command(Role.VIEWER, "what is held", _positions),
    "orders": Command(Role.VIEWER, "the newest orders", _orders),
    "pending": Command(Role.VIEWER, "what waits for an answer", _pending),
    "pnl": Command(Role.VIEWER, "[1d|1w|1m|1y] gain and loss", _pnl),
}
