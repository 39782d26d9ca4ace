"""Replay sessions one after the other: the runner that also trades live, a scripted operator, an automatic approver."""

from collections.abc import Callable, Sequence
from datetime import date

from domain.errors import BadInput
from domain.records import ProposalRecord, ProposalStatus
from evals.replay.approvers import Approver
from graph.answers import answer_card
from graph.breakers import look
from graph.operator import resume_when_due
from graph.runner import Runner

BY = "approver of the replay"
CHANNEL = "replay"
MOST_ROUNDS = 5
"""A proposal is shown at most three times; more rounds than this would be a fault."""


def replay(
    runner: Runner,
    sessions: Sequence[date],
    enter: Callable[[date], None],
    approver: Approver,
    assumptions: Sequence[str] = (),
    told: Callable[[date], None] = lambda _: None,
) -> None:
    """Decide and settle each of `sessions`; `enter` moves the clock to one, `told` hears that one is complete.

    What the ledger has of a session already is not done again: a replay that was killed goes on with the session it was
    in, from the ledger alone, and ends with the same facts.
    """
    for number, session in enumerate(sessions):
        enter(session)
        if number == 0 and runner.ctx.ledger.run(runner.ctx.portfolio, session.isoformat()) is not None:
            look(runner.ctx)  # the one thing that a kill right after a fill may have left undone
        resume_when_due(runner.ctx)
        runner.start(session.isoformat(), assumptions)
        answer_all(runner, approver)
        told(session)


def answer_all(runner: Runner, approver: Approver) -> None:
    """Answer every card that waits, as `approver` would, until none is left that it answers."""
    ctx, silent = runner.ctx, set[str]()
    for _ in range(MOST_ROUNDS):
        waiting = ctx.ledger.proposals(ctx.portfolio, statuses=[ProposalStatus.AWAITING])
        cards = [record for record in waiting if record.id not in silent]
        if not cards:
            return
        for record in cards:
            if not _answer(runner, record, approver):
                silent.add(record.id)
        runner.settle()


def _answer(runner: Runner, record: ProposalRecord, approver: Approver) -> bool:
    said = approver.answer(record)
    if said == "none":
        return False
    yes = said != "reject"
    try:
        answer_card(
            runner.ctx, record, answer="approve" if yes else "reject", by=BY, channel=CHANNEL, half=said == "half"
        )
    except BadInput as error:  # half of one share
        answer_card(runner.ctx, record, answer="reject", by=BY, channel=CHANNEL, reason=error.message)
    return True
