"""What people hear of: rows of the audit chain, told in a sentence."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from domain.errors import NotFound
from domain.notices import Notice, NoticeKind
from domain.records import AuditRow
from domain.storage import Ledger
from domain.verdict import Outcome

BREAKERS = "breakers"
JOBS = {
    "job_parked": "was parked: it failed or died too often, and nobody tries it again before `pm jobs --retry`",
    "slot_missed": "was skipped: its time has passed",
    "job_failing": "keeps failing",
}
UNSENT = frozenset({"UNKNOWN", "QUARANTINED", "REJECTED"})


class Told(NamedTuple):
    """A notice and the name under which it is told once."""

    key: str
    notice: Notice


def notices_of(ledger: Ledger, portfolio: str, rows: Sequence[AuditRow]) -> tuple[Told, ...]:
    """Turn new rows into notices: the fills of one order are one, a limit is told once a session."""
    told = [*_fills(portfolio, rows)]
    for row in rows:
        told += _told(ledger, portfolio, row)
    return tuple(told)


def _told(ledger: Ledger, portfolio: str, row: AuditRow) -> Iterator[Told]:
    detail, subject = row.detail, row.subject
    if row.action == "verdict_recorded":
        yield from _verdict(ledger, portfolio, row)
    elif row.action == "control_changed":
        kind = NoticeKind.BREAKER if row.actor == BREAKERS else NoticeKind.CONTROL
        head = f"{subject} (was {detail.get('was')}) by {row.actor}"
        yield _one(row, kind, portfolio, head, str(detail.get("reason", "")))
    elif row.action == "intent_marked" and detail.get("state") in UNSENT:
        yield from _intent(ledger, portfolio, row)
    elif row.action == "proposal_expired":
        yield _one(row, NoticeKind.EXPIRY, portfolio, f"{_trade(ledger, subject)} expired: nothing was traded", subject)
    elif row.action == "mismatch_survived":
        head = f"the broker and the book differ in {subject}"
        lines = ", ".join(f"{name} {value}" for name, value in detail.items())
        yield _one(row, NoticeKind.MISMATCH, portfolio, head, lines, "new exposure is blocked until it is explained")
    elif row.action == "policy_in_force" and detail.get("before"):
        yield _one(row, NoticeKind.CONTROL, portfolio, f"another risk policy is in force from {subject} on")
    elif row.action == "request_failed":
        head = f"{detail.get('do')}, asked for by {row.actor}, was not carried out"
        yield _one(row, NoticeKind.PROBLEM, portfolio, head, str(detail.get("problem", "")))
    elif row.action == "run_done":
        yield from _allocation(ledger, portfolio, row)
    else:
        yield from _of_the_schedule(portfolio, row)


def _of_the_schedule(portfolio: str, row: AuditRow) -> Iterator[Told]:
    """What happened to a job that the desk does by itself."""
    if row.action in JOBS:
        problem = str(row.detail.get("problem", ""))
        yield _one(row, NoticeKind.PROBLEM, portfolio, f"{row.subject} {JOBS[row.action]}", problem)
    elif row.action == "daily_report":
        headline, *told = str(row.detail.get("text", "")).splitlines() or [row.subject]
        yield _one(row, NoticeKind.REPORT, portfolio, headline, *told)


def _allocation(ledger: Ledger, portfolio: str, row: AuditRow) -> Iterator[Told]:
    proposals = ledger.proposals(portfolio, slot=row.subject)
    changes = [
        f"{record.proposal.action.value} {record.proposal.symbol} {record.proposal.position_size_pct:.1%} of equity:"
        f" {record.verdict.decision.value if record.verdict else record.status.value}"
        for record in proposals
        if record.trade is not None
    ]
    if changes:
        head = f"run {row.subject} proposes {len(changes)} changes of the allocation"
        yield _one(row, NoticeKind.ALLOCATION, portfolio, head, *changes)


def _fills(portfolio: str, rows: Iterable[AuditRow]) -> Iterator[Told]:
    orders: defaultdict[str, list[AuditRow]] = defaultdict(list)
    for row in rows:
        if row.action == "fill_booked":
            orders[row.subject].append(row)
    for order, fills in orders.items():
        quantity = sum((Decimal(str(row.detail["quantity"])) for row in fills), Decimal(0))
        paid = sum(
            (Decimal(str(row.detail["quantity"])) * Decimal(str(row.detail["price"])) for row in fills), Decimal(0)
        )
        first = fills[0].detail
        head = f"{first['side']} {quantity.normalize():f} {first['symbol']} filled at {paid / quantity:,.2f}"
        yield _one(fills[-1], NoticeKind.FILL, portfolio, head, f"order {order}")


def _verdict(ledger: Ledger, portfolio: str, row: AuditRow) -> Iterator[Told]:
    decision = row.detail.get("decision")
    if decision in {"reject", "halt"}:
        rules = str(row.detail.get("breached", "")).replace(" ", ", ")
        head = f"{_trade(ledger, row.subject)} was rejected by the risk engine"
        yield _one(row, NoticeKind.REJECTION, portfolio, head, f"{row.subject}: {rules}")
        return
    try:
        record = ledger.proposal(row.subject.removeprefix("P-"))
    except NotFound:
        return
    for result in record.verdict.results if record.verdict else ():
        if result.outcome is Outcome.ALERT:
            key = f"limit:{portfolio}:{record.session}:{result.rule}"
            head = f"{result.rule} is above 70 % of its limit"
            yield Told(key, _notice(NoticeKind.LIMIT, portfolio, head, result.message, row.subject))


def _intent(ledger: Ledger, portfolio: str, row: AuditRow) -> Iterator[Told]:
    intent = ledger.intent(row.subject)
    what = f"{intent.side.value} {intent.quantity.normalize():f} {intent.symbol}" if intent else row.subject
    said = str(row.detail.get("problem", ""))
    words = {
        "UNKNOWN": (NoticeKind.UNKNOWN, f"nobody knows whether {what} reached the broker; it is looked up"),
        "QUARANTINED": (NoticeKind.QUARANTINE, f"{what} is in quarantine: look at the broker's orders"),
        "REJECTED": (NoticeKind.REJECTION, f"{what} was not traded"),
    }
    kind, head = words[str(row.detail["state"])]
    yield _one(row, kind, portfolio, head, said, f"order {row.subject}")


def _trade(ledger: Ledger, subject: str) -> str:
    try:
        record = ledger.proposal(subject.removeprefix("P-"))
    except NotFound:
        return subject
    quantity = record.quantity or (record.trade.asked_quantity if record.trade else 0.0)
    return f"{record.proposal.action.value} {quantity:g} {record.proposal.symbol}"


def _one(row: AuditRow, kind: NoticeKind, portfolio: str, headline: str, *lines: str) -> Told:
    return Told(f"notice:{row.chain}:{row.sequence}", _notice(kind, portfolio, headline, *lines))


def _notice(kind: NoticeKind, portfolio: str, headline: str, *lines: str) -> Notice:
    return Notice(kind=kind, portfolio=portfolio, headline=headline, lines=tuple(line for line in lines if line))
