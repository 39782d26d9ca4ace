"""/why /runs /report /health /cost: what was done, why, and at what cost."""

from datetime import timedelta

from domain.errors import NotFound
from domain.records import ProposalRecord, Run
from workers.cards import short
from workers.cards.text import clock_time, escape, joined, quoted
from workers.cli.output import units
from workers.telegram import taps
from workers.telegram.commands import Command
from workers.telegram.desk import Desk, Visit
from workers.telegram.response import Response, text
from workers.telegram.staff import Role

MOST_RUNS = 8
DAYS = 30


def find(desk: Desk, named: str) -> ProposalRecord:
    """Find a proposal by its id or its first letters, or the newest one of a symbol.

    Raises:
        NotFound: neither is known.
    """
    if named.upper() in desk.mandate.universe:
        of_symbol = [one for one in desk.ledger.proposals(desk.portfolio) if one.proposal.symbol == named.upper()]
        if of_symbol:
            return of_symbol[-1]
    return desk.ledger.find_proposal(named, desk.portfolio)


def _why(visit: Visit) -> Response:
    if not visit.incoming.arguments:
        return text(short.plain("say which: /why P-ABC, or /why AAPL"), "refused")
    try:
        return taps.why(visit, find(visit.desk, visit.incoming.arguments[0]))
    except NotFound as error:
        return text(short.plain(error.message), "refused")


def _runs(visit: Visit) -> Response:
    runs = visit.desk.ledger.runs(visit.desk.portfolio, limit=MOST_RUNS)
    lines = [
        f"{quoted(run.slot, 60)}: {run.status.value}, {quoted(run.analyst, 40)} {quoted(run.problem)}" for run in runs
    ]
    return text(joined([f"<b>Runs</b>, the newest {len(lines)}", *lines], last=["PAPER"]))


def _report(visit: Visit) -> Response:
    desk = visit.desk
    run = next(iter(desk.ledger.runs(desk.portfolio, limit=1)), None)
    if run is None:
        return text(short.plain("there is no run yet"))
    note = desk.ledger.note(desk.portfolio, run.slot)
    lines = [f"<b>{quoted(run.slot, 60)}</b> · {run.session} · {run.status.value} · {quoted(run.analyst, 40)}"]
    lines += [quoted(note.summary)] if note else ["no research"]
    lines += [_decided(record) for record in desk.ledger.proposals(desk.portfolio, slot=run.slot)]
    lines += [f"{escape(symbol)}: no decision: {quoted(why, 120)}" for symbol, why in sorted(run.undecided.items())]
    return text(joined([*lines, _cost_of(desk, run)], last=["PAPER"]))


def _decided(record: ProposalRecord) -> str:
    decision = record.verdict.decision.value if record.verdict else "-"
    allowed = units(record.verdict.quantity) if record.verdict else "0"
    trade = f"{record.proposal.action.value} {allowed} {record.proposal.symbol}"
    return f"• <b>{escape(trade)}</b> {decision} → {record.status.value}  P-{record.id}"


def _health(visit: Visit) -> Response:
    desk = visit.desk
    ledger, wall = desk.ledger, desk.wall
    control, parked, clock = ledger.control(desk.portfolio), ledger.outbox_parked(limit=20), desk.till.clock
    differ = len(ledger.mismatches(desk.portfolio))
    waiting = ledger.outbox_waiting()
    unknown = [
        one for one in ledger.intents(desk.portfolio, open_only=True) if one.state.value in {"UNKNOWN", "QUARANTINED"}
    ]
    run = next(iter(ledger.runs(desk.portfolio, limit=1)), None)
    age = f"{(wall - run.started_at) / timedelta(hours=1):.1f} h ago" if run else "never"
    lines = [
        f"<b>{control.state.value}</b> · market time {clock_time(clock.now())} of {clock.session()}",
        f"last run {age}" + (f": {run.status.value}" if run else ""),
        f"{len(unknown)} orders of unknown outcome · broker differs in {differ}",
        "outbox: " + (", ".join(f"{count} {quoted(topic, 40)}" for topic, count in waiting.items()) or "empty"),
        f"{len(parked)} messages parked"
        + "".join(f" · {quoted(item.topic, 40)}: {quoted(why, 120)}" for item, why in parked[:3]),
    ]
    return text(joined(lines, last=["PAPER"]))


def _cost(visit: Visit) -> Response:
    desk = visit.desk
    since = desk.wall.date() - timedelta(days=DAYS - 1)
    spent = [line for line in desk.ledger.spending(since) if line.portfolio == desk.portfolio]
    calls = sum(line.calls for line in spent)
    if not calls:
        return text(short.plain("no model was asked"))
    cost = sum(line.cost_usd for line in spent)
    tokens = sum(line.prompt_tokens + line.completion_tokens for line in spent)
    return text(short.plain(f"{calls} calls in {DAYS} days, {tokens:,} tokens, ${cost:.4f}; the caps: pm cost"))


def _cost_of(desk: Desk, run: Run) -> str:
    paid = [call for call in desk.ledger.calls(desk.portfolio, run.slot) if not call.cached]
    return f"{len(paid)} model calls, ${sum(call.cost_usd for call in paid):.4f}" if paid else ""


COMMANDS = {
    "why": Command(Role.VIEWER, "ID or SYMBOL: every rule that spoke", _why),
    "runs": Command(Role.VIEWER, "the newest runs", _runs),
    "report": Command(Role.VIEWER, "the newest run", _report),
    "health": Command(Role.VIEWER, "control state, queues, unknown orders", _health),
    "cost": Command(Role.VIEWER, "what the model cost in 30 days", _cost),
}
