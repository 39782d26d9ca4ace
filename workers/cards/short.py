"""The short messages: digest, confirmations, prompts, notices and control states."""

from collections.abc import Sequence
from datetime import datetime

from domain.notices import Notice, NoticeKind
from domain.records import Control
from workers.cards.approval import Labels, name_of
from workers.cards.text import QUOTED, clock_time, escape, joined, quoted
from workers.cards.view import CardView
from workers.cli.output import money, percent, units

MOST_LISTED = 12
MARKS = {
    NoticeKind.FILL: "✅",
    NoticeKind.REJECTION: "⛔",
    NoticeKind.EXPIRY: "⌛",
    NoticeKind.BREAKER: "🛑",
    NoticeKind.CONTROL: "🚦",
    NoticeKind.LIMIT: "📈",
    NoticeKind.UNKNOWN: "❓",
    NoticeKind.QUARANTINE: "☣️",
    NoticeKind.MISMATCH: "≠",
    NoticeKind.ALLOCATION: "⚖️",
    NoticeKind.REPORT: "📋",
    NoticeKind.PROBLEM: "⚠️",
}


def digest(views: Sequence[CardView]) -> str:
    """List what waits, one line each."""
    lines = [f"<b>🟡 {len(views)} proposals wait</b> · PAPER"]
    lines += [_listed(view) for view in views[:MOST_LISTED]]
    if len(views) > MOST_LISTED:
        lines.append(f"… and {len(views) - MOST_LISTED} more: /pending")
    return joined(lines, last=["Tap one to see its card."])


def digest_buttons(views: Sequence[CardView]) -> Labels:
    """One button for each that is listed; its act carries the proposal."""
    return tuple(
        ((f"{name_of(view)} · {percent(view.weight)}", f"op:{view.record.id}"),) for view in views[:MOST_LISTED]
    )


def confirm(view: CardView, quantity: float, by: str) -> str:
    """Ask once more, because a lot is at stake."""
    price = view.record.trade.price if view.record.trade else 0.0
    share = quantity * price / view.equity if view.equity > 0.0 else 0.0
    side = view.record.trade.side.value if view.record.trade else ""
    what = f"<b>{escape(side)} {units(quantity)} {escape(view.record.proposal.symbol)}</b>"
    return joined(
        [
            f"<b>⚠️ CONFIRM</b>  P-{view.record.id} v{view.record.version}",
            f"{what} · about {money(quantity * price)} ({percent(share)} of equity)",
        ],
        last=[f"Only {escape(by)} can answer this, within 60 seconds. PAPER"],
    )


def confirm_control(action: str, portfolio: str, what: str, by: str) -> str:
    """Ask once more before something that moves the whole desk."""
    return joined(
        [f"<b>⚠️ CONFIRM {escape(action.upper())}</b> of {escape(portfolio)}", quoted(what)],
        last=[f"Only {escape(by)} can answer this, within 60 seconds. PAPER"],
    )


def phrase_prompt(what: str, phrase: str, not_before: datetime, until: datetime) -> str:
    """Ask for a typed phrase, from a moment on."""
    return joined(
        [
            f"<b>✍️ {escape(what)}</b>",
            f"Reply to this message with <code>{escape(phrase)}</code>",
            f"between {clock_time(not_before, seconds=True)} and {clock_time(until, seconds=True)}.",
            "You are the single operator, so you confirm twice. PAPER",
        ]
    )


def size_prompt(view: CardView) -> str:
    """Ask for a smaller number."""
    return f"<b>✏️ P-{view.record.id} v{view.record.version}</b>: reply with a number below {units(view.quantity)}"


def notice(told: Notice) -> str:
    """Write a notice for a messenger."""
    head = f"{MARKS[told.kind]} <b>{quoted(told.headline)}</b>"
    return joined([head, *(quoted(line, QUOTED) for line in told.lines)], last=[f"{escape(told.portfolio)} · PAPER"])


def plain(sentence: str) -> str:
    """One sentence."""
    return f"{quoted(sentence)} · PAPER"


def stopped(control: Control, cancelled: Sequence[str], failed: Sequence[str]) -> str:
    """Tell what a kill or a pause did."""
    since = f" since {clock_time(control.changed_at, seconds=True)}" if control.changed_at else ""
    lines = [f"🛑 <b>{control.state.value}</b>{since} by {escape(control.by)}", quoted(control.reason)]
    lines.append(f"entries cancelled: {quoted(', '.join(cancelled)) if cancelled else 'none were open'}")
    lines += [f"❗ NOT cancelled: {quoted(line)}" for line in failed]
    return joined(lines, last=["Stops and other exits at the broker stay. /resume ends it. PAPER"])


def _listed(view: CardView) -> str:
    broken = ", ".join(view.record.verdict.breached) if view.record.verdict else ""
    return f"• <b>{escape(name_of(view))}</b> · {money(view.notional)} ({percent(view.weight)}) · {quoted(broken, 80)}"
