"""/risk /limits /events: what is used of each limit, bad months, and what is scheduled."""

from graph.limit_use import LimitUse, limit_uses, stresses
from risk_engine.engine import Engine
from risk_engine.policy import load_policy
from workers.cards import short
from workers.cards.text import clock_time, escape, joined, quoted
from workers.cli.output import percent
from workers.telegram.commands import Command
from workers.telegram.commands.book import Look, look, nothing_yet
from workers.telegram.desk import Desk, Visit
from workers.telegram.response import Response, text
from workers.telegram.staff import Role

BLOCKS = 8
NEAR = 0.7
MOST_EVENTS = 10


def _limits(visit: Visit) -> Response:
    seen, engine = look(visit.desk), _engine(visit.desk)
    if seen is None or engine is None:
        return nothing_yet()
    uses = limit_uses(engine, seen.book, seen.market, tuple(visit.desk.mandate.universe))
    return text(joined([_head(visit, seen), *map(_use, _fullest_first(uses))], last=[_LAST]))


def _risk(visit: Visit) -> Response:
    desk = visit.desk
    seen, engine = look(desk), _engine(desk)
    if seen is None or engine is None:
        return nothing_yet()
    uses = limit_uses(engine, seen.book, seen.market, tuple(desk.mandate.universe))
    near = [use for use in _fullest_first(uses) if (use.used or 0.0) >= NEAR]
    bad = [
        f"{escape(one.scenario)}: {'not known' if one.change is None else f'{one.change:+.1%}'} {quoted(one.note, 100)}"
        for one in stresses(seen.book, seen.market, desk.till.market)
    ]
    drawdown = max(1.0 - seen.book.unit_value / seen.book.reference_high, 0.0)
    told = [f"{len(near)} limits above 70 %", *map(_use, near), "<b>The book in bad months</b>", *bad]
    return text(joined([_head(visit, seen), f"drawdown {percent(drawdown)}", *told], last=[_LAST]))


def _events(visit: Visit) -> Response:
    seen = look(visit.desk)
    if seen is None:
        return nothing_yet()
    calendar = seen.market.calendar
    if calendar is None:
        return text(short.plain(f"the feed {seen.market.feed!r} has no calendar of events"))
    now = visit.desk.till.clock.now()
    coming = sorted((event for event in calendar.events if event.at >= now), key=lambda event: event.at)
    lines = [
        f"{event.at:%Y-%m-%d} {clock_time(event.at)} {quoted(event.kind, 40)} {escape(event.symbol or '')}"
        for event in coming[:MOST_EVENTS]
    ]
    fetched = f"calendar of {calendar.fetched_at:%Y-%m-%d %H:%M} UTC"
    return text(joined([f"<b>{len(coming)} events ahead</b>", *lines], last=[fetched]))


def _engine(desk: Desk) -> Engine | None:
    """The engine with the policy in force; None before a session has one."""
    policy = desk.ledger.policy_in_force(desk.portfolio, desk.till.clock.session())
    if policy is None:
        return None
    loaded = load_policy(policy.text, "the policy in force", recorded=policy.recorded, tighten=policy.tighten)
    return Engine(loaded, desk.mandate, "telegram")


def _head(visit: Visit, seen: Look) -> str:
    where = f"<b>{escape(visit.desk.portfolio)}</b> · {seen.book.session} · {seen.book.control.value}"
    return f"{where} · {quoted(seen.note)}" if seen.note else where


def _fullest_first(uses: tuple[LimitUse, ...]) -> list[LimitUse]:
    return sorted(uses, key=lambda use: -(use.used or 0.0))


def _use(use: LimitUse) -> str:
    if use.used is None:
        return f"<code>{'·' * BLOCKS}</code> {escape(use.result.rule)}: not measured"
    filled = min(BLOCKS, round(use.used * BLOCKS))
    mark = "❗" if use.used > 1.0 else ""
    of = f"{use.result.observed:.3g} of {use.result.soft:.3g}" if use.result.soft is not None else ""
    drawn = f"<code>{'█' * filled}{'░' * (BLOCKS - filled)}</code>"
    return f"{drawn} {use.used:.0%} {escape(use.result.rule)} {of} {mark}".rstrip()


_LAST = "Limits change by risk_engine/policy.toml and the mandate only. PAPER"
COMMANDS = {
    "risk": Command(Role.VIEWER, "limits above 70 %, and the book in bad months", _risk),
    "limits": Command(Role.VIEWER, "what is used of each limit", _limits),
    "events": Command(Role.VIEWER, "what is scheduled", _events),
}
