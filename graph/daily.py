"""The day's reconciliation: what people overrode, what was not judged or assumed, where broker and book part.

Nothing here decides; it is a query over the ledger, and one look at the broker's open orders.
"""

from datetime import date, datetime

from domain.adjustment import Adjustment
from domain.errors import Transient
from domain.orders import IntentState, Order, OrderIntent
from domain.records import Control, Mismatch, ProposalRecord
from domain.value import Value
from domain.verdict import Outcome, RiskVerdict, RuleResult
from graph.context import Context
from graph.monitor import overdue
from graph.passive import PassiveBreach, deadline, passive_breaches
from graph.views import book_of, market_now

UNSURE = (IntentState.UNKNOWN, IntentState.QUARANTINED)
NOT_JUDGED = (Outcome.NOT_EVALUATED, Outcome.NOTE, Outcome.ERROR)


class Override(Value):
    """A yes of a person that lifted soft limits: what was shown, as it was shown."""

    proposal_id: str
    version: int
    symbol: str
    by: str
    channel: str
    quantity: float
    lifted: tuple[RuleResult, ...]
    hindsight: bool


class NotJudged(Value):
    """A rule that could not be judged as written: how often, whether that refused the trade, and why."""

    rule: str
    times: int
    rejected: bool
    why: str


class Difference(Value):
    """A difference to the broker and what is known about it."""

    mismatch: Mismatch
    explanation: str


class DailyReport(Value):
    """One session of one portfolio. `by_hand` are open orders at the broker that are not ours, None when it is silent.

    `deadline` is when what is over a hard limit has to be mended, `late` names what should have been before.
    """

    portfolio: str
    session: date
    control: Control
    decisions: dict[str, int]
    overrides: tuple[Override, ...]
    not_judged: tuple[NotJudged, ...]
    assumptions: tuple[str, ...]
    differences: tuple[Difference, ...]
    adjustments: tuple[Adjustment, ...]
    unsure: tuple[OrderIntent, ...]
    by_hand: tuple[Order, ...] | None
    breaches: tuple[PassiveBreach, ...]
    deadline: datetime
    late: tuple[str, ...]


def daily_report(ctx: Context) -> DailyReport:
    """Reconcile the portfolio's session as it stands now."""
    ledger, session = ctx.ledger, ctx.clock.session()
    market = market_now(ctx)
    records = ledger.proposals(ctx.portfolio, session=session)
    verdicts = [verdict for record in records for verdict in ledger.verdicts(record.id)]
    adjusted = tuple(one for one in ledger.adjustments(ctx.portfolio) if one.session == session)
    runs = [run for run in ledger.runs(ctx.portfolio, limit=50) if run.session == session]
    assumed = [text for run in runs for text in run.assumptions]
    assumed += [text for verdict in verdicts for text in verdict.assumptions if not _is_told_elsewhere(text, verdict)]
    breaches = passive_breaches(ctx.rooms, book_of(ctx, market), market)
    hard = {breach.symbol for breach in breaches if breach.result.outcome is Outcome.HARD}
    return DailyReport(
        portfolio=ctx.portfolio,
        session=session,
        control=ledger.control(ctx.portfolio),
        decisions=_decisions(records),
        overrides=tuple(found for record in records for found in _overrides(ctx, record)),
        not_judged=_not_judged(verdicts),
        assumptions=tuple(dict.fromkeys(assumed)),
        differences=tuple(_difference(found, adjusted) for found in ledger.mismatches(ctx.portfolio)),
        adjustments=adjusted,
        unsure=tuple(i for i in ledger.intents(ctx.portfolio, open_only=True) if i.state in UNSURE),
        by_hand=_by_hand(ctx),
        breaches=breaches,
        deadline=deadline(market),
        late=tuple(sorted(hard & overdue(ctx, market))),
    )


def _is_told_elsewhere(text: str, verdict: RiskVerdict) -> bool:
    """A rule's own note stands among the rules that could not be judged, what the feed lacks in one sentence."""
    rule, _, _ = text.partition(":")
    return any(result.rule == rule for result in verdict.results) or text.startswith("the feed lacks ")


def _decisions(records: tuple[ProposalRecord, ...]) -> dict[str, int]:
    found: dict[str, int] = {}
    for record in records:
        word = record.first_verdict.decision.value if record.first_verdict else "none"
        found[word] = found.get(word, 0) + 1
    return dict(sorted(found.items()))


def _overrides(ctx: Context, record: ProposalRecord) -> list[Override]:
    found = []
    shown = {verdict.version: verdict for verdict in ctx.ledger.verdicts(record.id)}
    for version in range(1, record.version + 1):
        answer = ctx.ledger.approval(record.id, version)
        if answer is None or answer.answer != "approve" or not answer.shown:
            continue
        card = shown.get(version)
        results = card.results if card else ()
        found.append(
            Override(
                proposal_id=record.id,
                version=version,
                symbol=record.proposal.symbol,
                by=answer.by,
                channel=answer.channel,
                quantity=answer.quantity,
                lifted=tuple(result for result in results if result.rule in answer.shown),
                hindsight=answer.hindsight,
            )
        )
    return found


def _not_judged(verdicts: list[RiskVerdict]) -> tuple[NotJudged, ...]:
    found: dict[tuple[str, bool], list[str]] = {}
    for verdict in verdicts:
        for result in verdict.results:
            if result.outcome in NOT_JUDGED:
                found.setdefault((result.rule, result.outcome.rejects), []).append(result.message)
    return tuple(
        NotJudged(rule=rule, times=len(whys), rejected=rejected, why=whys[-1])
        for (rule, rejected), whys in sorted(found.items())
    )


def _difference(found: Mismatch, adjusted: tuple[Adjustment, ...]) -> Difference:
    about = [one.reason for one in adjusted if found.symbol in {one.symbol, one.new_symbol}]
    if about:
        return Difference(mismatch=found, explanation=f"remains after: {'; '.join(about)}")
    if not found.survived:
        return Difference(mismatch=found, explanation="seen once; it blocks new exposure if it stays")
    return Difference(mismatch=found, explanation="nothing explains it; it blocks new exposure until accepted")


def _by_hand(ctx: Context) -> tuple[Order, ...] | None:
    try:
        orders = ctx.broker.open_orders()
    except Transient:
        return None
    return tuple(order for order in orders if ctx.ledger.intent(order.client_order_id) is None)
