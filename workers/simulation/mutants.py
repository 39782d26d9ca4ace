"""Thirteen planted bugs: each patches production code, and some promise must catch it. They test the tests."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import Any
from unittest.mock import patch

from sqlmodel import col, update

from domain.orders import IntentState
from domain.verdict import Decision, Phase
from graph import execution, gate, presend
from graph.intents import build_intent
from graph.runner import Runner
from memory.ledger import approval_store, booking
from memory.ledger.tables import ProposalRow
from workers.telegram import answering, taps
from workers.telegram.staff import Role

Patch = Callable[[ExitStack], None]
MUTANTS: dict[str, Patch] = {}


def mutant(name: str) -> Callable[[Patch], Patch]:
    """Enter a planted bug under its name."""

    def enter(plant: Patch) -> Patch:
        MUTANTS[name] = plant
        return plant

    return enter


@contextmanager
def planted(name: str | None) -> Iterator[None]:
    """Carry one bug while the block runs; none for None."""
    with ExitStack() as stack:
        if name is not None:
            MUTANTS[name](stack)
        yield


def _swap(stack: ExitStack, owner: Any, name: str, new: Callable[..., Any]) -> Any:
    old = getattr(owner, name)
    stack.enter_context(patch.object(owner, name, new))
    return old


@mutant("random-id")
def _random_id(stack: ExitStack) -> None:
    """Every attempt sends under a client id of its own."""
    numbers = count()

    def submit(ctx: Any, intent: Any) -> Any:
        stored, send = ctx.ledger.intent(intent.client_order_id), ctx.broker.submit
        sent = send(stored.model_copy(update={"client_order_id": f"pm-random-{next(numbers)}"}))
        return sent.model_copy(update={"client_order_id": intent.client_order_id})

    _swap(stack, execution, "submit", submit)


@mutant("post-before-intent")
def _post_before_intent(stack: ExitStack) -> None:
    """The order leaves, and the intent is committed afterwards."""

    def execute(ctx: Any, proposal_id: str) -> Any:
        record = ctx.ledger.proposal(proposal_id)
        intent, send = build_intent(ctx, record), ctx.broker.submit
        if ctx.ledger.intent(intent.client_order_id) is None:
            send(intent)
        return old(ctx, proposal_id)

    old = _swap(stack, execution, "execute", execute)


@mutant("timeout-is-rejection")
def _timeout_is_rejection(stack: ExitStack) -> None:
    """No answer is taken for a no."""

    def mark(ctx: Any, order_id: str, state: IntentState, problem: str) -> Any:
        return old(ctx, order_id, IntentState.REJECTED if state is IntentState.UNKNOWN else state, problem)

    old = _swap(stack, execution, "_mark", mark)


@mutant("no-cas")
def _no_cas(stack: ExitStack) -> None:
    """An answer overwrites whatever was before."""

    def swap(self: Any, db: Any, approval: Any) -> bool:  # noqa: ARG001 - a method's place
        status = approval_store.STATUS_AFTER[approval.answer]
        db.exec(update(ProposalRow).where(col(ProposalRow.id) == approval.proposal_id).values(status=status))
        return True

    _swap(stack, approval_store.ApprovalPart, "_swap", swap)


@mutant("no-expiry")
def _no_expiry(stack: ExitStack) -> None:
    """Nothing ever expires."""

    def swap(self: Any, db: Any, approval: Any) -> bool:  # noqa: ARG001 - a method's place
        changed = db.exec(
            update(ProposalRow)
            .where(
                col(ProposalRow.id) == approval.proposal_id,
                col(ProposalRow.status) == "awaiting",
                col(ProposalRow.version) == approval.version,
            )
            .values(status=approval_store.STATUS_AFTER[approval.answer])
            .returning(col(ProposalRow.id))
        )
        return changed.first() is not None

    _swap(stack, approval_store.ApprovalPart, "_swap", swap)
    _swap(stack, approval_store.ApprovalPart, "expire", lambda *_: ())


@mutant("no-user-check")
def _no_user_check(stack: ExitStack) -> None:
    """Whoever sees the card decides, a mere viewer too."""
    for act, (_, run) in taps.ACTS.items():
        stack.enter_context(patch.dict(taps.ACTS, {act: taps.Act(Role.VIEWER, run)}))
    _swap(stack, answering, "_not_among", lambda *_: None)


@mutant("no-recheck")
def _no_recheck(stack: ExitStack) -> None:
    """A yes executes what was judged when the card was made."""

    def judge_again(self: Any, locked: Any, record: Any, snapshot: Any) -> Any:  # noqa: ARG001 - a method's place
        first = locked.verdict(record.id, record.version, Phase.FIRST) or record.verdict
        verdict = first.model_copy(update={"phase": Phase.AFTER_YES, "decision": Decision.EXECUTE})
        gate._record(locked, verdict, record.trade)
        return verdict

    _swap(stack, gate.RiskGate, "_judge_again", judge_again)
    _swap(stack, presend, "_price", lambda *_: None)


@mutant("fills-twice")
def _fills_twice(stack: ExitStack) -> None:
    """A fill that is told again is booked again."""
    numbers = count()

    def row(self: Any, fill: Any) -> Any:
        return old(self, fill.model_copy(update={"execution_id": f"{fill.execution_id}/{next(numbers)}"}))

    old = _swap(stack, booking.Booking, "_row", row)


@mutant("slot-not-unique")
def _slot_not_unique(stack: ExitStack) -> None:
    """A slot that fires twice runs twice."""
    numbers = count()

    def start(self: Any, slot: str, *rest: Any) -> Any:
        return old(self, f"{slot}/{next(numbers)}", *rest)

    old = _swap(stack, Runner, "start", start)


@mutant("kill-not-checked")
def _kill_not_checked(stack: ExitStack) -> None:
    """Nobody looks at the control state before an order leaves."""
    _swap(stack, presend, "forbidden", lambda *_: None)
    _swap(stack, execution, "forbidden", lambda *_: None)


@mutant("not-found-is-rejected")
def _not_found_is_rejected(stack: ExitStack) -> None:
    """What the broker can't find has never been."""

    def drive(ctx: Any, before: Any) -> Any:
        asked = before.state in {IntentState.UNKNOWN, IntentState.SUBMITTING}
        if asked and ctx.broker.find(before.client_order_id) is None:
            return execution._mark(ctx, before.client_order_id, IntentState.REJECTED, "not found")
        return old(ctx, before)

    old = _swap(stack, execution, "_drive", drive)


@mutant("late-order-not-adopted")
def _late_order_not_adopted(stack: ExitStack) -> None:
    """Nobody looks for a quarantined order any more, nor for executions of one that was given up."""

    def refresh(ctx: Any, intent: Any) -> Any:
        if intent.state is IntentState.QUARANTINED:
            return execution._settle_absent(ctx, intent)
        return old(ctx, intent)

    old = _swap(stack, execution, "refresh", refresh)
    _swap(stack, execution, "adopt_late", lambda *_: 0)


@mutant("quarantine-released-early")
def _quarantine_released_early(stack: ExitStack) -> None:
    """An order that can't be sent again is given up at once, not at the end of its session."""

    def mark(ctx: Any, order_id: str, state: IntentState, problem: str) -> Any:
        return old(ctx, order_id, IntentState.REJECTED if state is IntentState.QUARANTINED else state, problem)

    old = _swap(stack, execution, "_mark", mark)
