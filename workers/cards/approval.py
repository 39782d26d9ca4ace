"""The card of one proposal: the question while it waits, and the same message edited as things go on."""

from collections.abc import Iterator
from decimal import Decimal

from domain.mandate import Mandate
from domain.records import ProposalStatus
from domain.trade import Side
from domain.verdict import Outcome, RuleResult
from workers.cards.safeguards import safeguards_of
from workers.cards.text import clock_time, escape, joined, quoted
from workers.cards.view import CardView
from workers.cli.output import money, percent, units

MOST_BREACHES = 6
MOST_SOURCES = 4
RULE_TEXT = 160
REASONS = {"r1": "too large", "r2": "bad timing", "r3": "do not believe it", "r4": "other"}
SHARES = {"s1": 0.25, "s2": 0.5, "s3": 0.75}
"""The smaller sizes that a card offers."""

Labels = tuple[tuple[tuple[str, str], ...], ...]
"""Rows of (label, act)."""


def card(view: CardView, mandate: Mandate, version: int | None = None) -> str:
    """Write the card of `version` (default: the newest) as it stands now; HTML within the limits of a message."""
    record = view.record
    shown = record.version if version is None else version
    if shown < record.version:
        return joined([_title("↪️ REPLACED", view, shown), *_what(view)], last=[_newer(view)])
    if record.status is ProposalStatus.AWAITING:
        return joined(
            [_title("🟡 APPROVE?", view, shown), *_what(view), *_argument(view), *_rules(view)],
            last=[*_needed(view, mandate), _desk(view)],
        )
    return joined([_title(_badge(view), view, shown), *_what(view), *_story(view)], last=[_desk(view)])


def waiting_buttons(view: CardView, *, waits_for_second: bool = False) -> Labels:
    """The buttons of a card that waits; half and size only where something smaller can be traded."""
    if view.record.status is not ProposalStatus.AWAITING:
        return ()
    lot = view.record.trade.lot if view.record.trade else 1.0
    half = view.quantity / 2.0 // lot * lot
    offers = [
        ("✅ Approve {whole}", "ap"),
        *([("½ Approve {half}", "ah")] if half > 0.0 and not waits_for_second else []),
    ]
    rest = [("❌ Reject", "rj"), *([("✏️ Size", "sz")] if view.quantity > lot else []), ("❓ Why", "wy")]
    words = {"whole": units(view.quantity), "half": units(half)}
    return tuple(tuple((label.format(**words), act) for label, act in row) for row in (offers, rest))


def reason_buttons() -> Labels:
    """Why not: what a person may say with one tap."""
    rows = [((text, act),) for act, text in REASONS.items()]
    return (*rows, (("↩︎ Back", "bk"),))


def size_buttons(view: CardView) -> Labels:
    """Smaller sizes, and a number of one's own."""
    lot = view.record.trade.lot if view.record.trade else 1.0
    offered = {act: view.quantity * share // lot * lot for act, share in SHARES.items()}
    presets = tuple((f"{units(size)} ({SHARES[act]:.0%})", act) for act, size in offered.items() if size > 0.0)
    return (*((presets,) if presets else ()), (("✏️ Another number", "sc"), ("↩︎ Back", "bk")))


def name_of(view: CardView) -> str:
    """The trade in five words."""
    side = view.record.trade.side.value if view.record.trade else view.record.proposal.action.value
    return f"{side} {units(view.quantity)} {view.record.proposal.symbol}"


def _title(badge: str, view: CardView, version: int) -> str:
    return f"<b>{badge}</b>  P-{view.record.id} v{version}"


def _what(view: CardView) -> Iterator[str]:
    record = view.record
    if record.trade is None:
        return
    order = record.proposal.order_type.value.replace("_", " ").upper()
    limit = f" {record.proposal.limit_price:,.2f}" if record.proposal.limit_price else ""
    yield (
        f"<b>{escape(name_of(view))}</b> · {order}{limit} · about {money(view.notional)}"
        f" ({percent(view.weight)} of equity) at {record.trade.price:,.2f}"
    )
    yield escape(view.price_line)
    yield from _exit(view)


def _exit(view: CardView) -> Iterator[str]:
    trade = view.record.trade
    if trade is None or trade.reduces:
        yield "Exit: this trade only reduces what is held"
        return
    if trade.plan is None:
        return
    plan, risk = trade.plan, view.notional * trade.plan.stop_distance
    share = percent(risk / view.equity) if view.equity > 0.0 else "?"
    line = f"Exit: stop {plan.stop_price:,.2f} · risk {money(risk)} ({share} of equity)"
    if plan.take_profit_price is not None:
        gain = abs(plan.take_profit_price - trade.price) / trade.price / plan.stop_distance
        line += f" · target {plan.take_profit_price:,.2f} · R {gain:.1f}"
    yield f"{line} · at the latest {plan.horizon}"


def _argument(view: CardView) -> Iterator[str]:
    record, thesis = view.record, view.thesis
    by = escape(record.origin.value)
    if thesis is None:
        yield f"<b>FOR</b> ({by}): {quoted(record.proposal.reason)}"
        yield "<b>AGAINST</b>: nobody has argued against it"
    else:
        buys = record.trade is None or record.trade.side is Side.BUY
        better, worse = (thesis.bull_case, thesis.bear_case) if buys else (thesis.bear_case, thesis.bull_case)
        yield f"<b>FOR</b> ({by}): {quoted(better)}"
        yield f"<b>AGAINST</b>: {quoted(worse)}"
    cited = record.facts or ()
    if cited:
        named = ", ".join(f"{fact.id} {fact.session}" for fact in cited[:MOST_SOURCES])
        more = f" and {len(cited) - MOST_SOURCES} more" if len(cited) > MOST_SOURCES else ""
        yield f"Sources: {quoted(named)}{more}"
    yield f"Confidence {record.proposal.confidence:.0%}, its own words: risk {record.proposal.risk_level}"


def _rules(view: CardView) -> Iterator[str]:
    verdict = view.record.verdict
    if verdict is None:
        return
    breaches = [result for result in verdict.results if result.outcome.breaches]
    yield from (_rule(result) for result in breaches[:MOST_BREACHES])
    if len(breaches) > MOST_BREACHES:
        yield f"❗ and {len(breaches) - MOST_BREACHES} more: see Why"
    passed = sum(result.outcome is Outcome.PASS for result in verdict.results)
    near = sum(result.outcome is Outcome.ALERT for result in verdict.results)
    score = f" · risk score {verdict.risk_score:.0f}" if verdict.risk_score is not None else ""
    at = f" · judged for {units(verdict.quantity)}" if verdict.quantity != view.quantity else ""
    yield f"✔️ {passed} rules passed, {near} above 70 % of their limit{score}{at}"


def _rule(result: RuleResult) -> str:
    mark = "❗" if result.outcome is Outcome.SOFT else "⛔"
    limits = [
        f"{word} {value:g}" for word, value in (("soft", result.soft), ("hard", result.hard)) if value is not None
    ]
    seen = f"observed {result.observed:.4g}" if result.observed is not None else ""
    numbers = "" if "soft" in result.message else ", ".join([seen, *limits] if seen else limits)
    shown = f" ({escape(numbers)})" if numbers else ""
    return f"{mark} <b>{escape(result.rule)}</b>: {quoted(result.message, RULE_TEXT)}{shown}"


def _needed(view: CardView, mandate: Mandate) -> Iterator[str]:
    guards = safeguards_of(view, mandate)
    if guards.takes_two:
        who = "one operator, twice" if guards.single else "two people"
        yield f"👥 Takes {who}: {escape('; '.join(guards.reasons))}"
    if view.consents:
        first, at = view.consents[0], clock_time(view.consents[0].at, seconds=True)
        yield f"<b>1/2 {escape(first.person)}</b> {at}: the second yes within 10 minutes"


def _desk(view: CardView) -> str:
    known = f" · as of {clock_time(view.as_of, seconds=True)}" if view.as_of else ""
    return f"State {view.control.value} · <b>PAPER</b>{known}{_left(view)}"


def _left(view: CardView) -> str:
    expires = view.record.expires_at
    if view.record.status is not ProposalStatus.AWAITING or expires is None:
        return ""
    if view.replay:
        return f" · open until {expires:%Y-%m-%d} {clock_time(expires)}; replayed time stands still"
    minutes, seconds = divmod(max(int((expires - view.now).total_seconds()), 0), 60)
    return f" · expires {clock_time(expires)} ({minutes}:{seconds:02d} left)"


def _newer(view: CardView) -> str:
    return f"Version {view.record.version} has a card of its own; this one takes no answer."


def _badge(view: CardView) -> str:
    status, filled = view.record.status, view.record.filled_quantity
    if status is ProposalStatus.DONE:
        return "✅ FILLED" if filled else "▫️ NOT FILLED"
    badges = {
        ProposalStatus.APPROVED: "✅ APPROVED",
        ProposalStatus.EXECUTING: "✅ PARTLY FILLED" if filled else "✅ SUBMITTED",
        ProposalStatus.DECLINED: "❌ REJECTED",
        ProposalStatus.REJECTED: "⛔ REFUSED BY THE RULES" if not view.intents else "⛔ ORDER REFUSED",
        ProposalStatus.EXPIRED: "⌛ EXPIRED",
        ProposalStatus.SUPERSEDED: "↪️ SUPERSEDED",
        ProposalStatus.QUARANTINED: "❓ OUTCOME UNKNOWN",
    }
    return badges.get(status, status.value.upper())


def _story(view: CardView) -> Iterator[str]:
    record = view.record
    if view.approved_by is not None:
        given = view.approved_by
        alone = " (single operator)" if "single operator" in given.reason else ""
        yield (
            f"approved by <b>{escape(given.by)}</b>{alone} for {units(given.quantity)}"
            f" at {clock_time(given.at, seconds=True)} ({escape(given.channel)})"
        )
    if view.approval is not None and view.approval.answer != "approve":
        word = {"reject": "rejected", "expire": "no answer in time: counts as no,", "supersede": "superseded"}
        reason = f": {quoted(view.approval.reason)}" if view.approval.reason else ""
        said = word[view.approval.answer]
        yield f"{said} by <b>{escape(view.approval.by)}</b> at {clock_time(view.approval.at, seconds=True)}{reason}"
    if view.fills:
        total = sum((fill.quantity for fill in view.fills), Decimal(0))
        paid = sum((fill.quantity * fill.price for fill in view.fills), Decimal(0))
        yield f"→ filled {units(float(total))} of {units(record.quantity)} at {paid / total:,.2f} on average"
    elif record.status is ProposalStatus.APPROVED:
        yield "→ to be judged once more at fresh prices"
    elif record.status is ProposalStatus.EXECUTING:
        yield "→ at the broker"
    if record.problem:
        yield quoted(record.problem)
    if record.status is ProposalStatus.REJECTED and record.verdict:
        yield from (_rule(result) for result in record.verdict.results if result.outcome.rejects)
