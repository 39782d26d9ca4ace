"""Asking for approval, and the one answer that wins."""

from datetime import datetime

import sqlalchemy as sa
from pydantic import JsonValue
from sqlmodel import Session, col, select, update

from domain.errors import AlreadyDecided, BadInput, NotFound
from domain.records import Approval, ProposalRecord, ProposalStatus
from memory.ledger.accounts import release
from memory.ledger.chain import Detail
from memory.ledger.outbox_store import post_in
from memory.ledger.part import Part
from memory.ledger.prepared import Prepared
from memory.ledger.proposal_rows import (
    PROPOSALS,
    answer_by_desk,
    approval_row,
    hold_proposal,
    portfolio_of,
    to_approval,
    to_record,
)
from memory.ledger.sql import by_key, run
from memory.ledger.tables import ApprovalRow, ProposalRow, ReservationRow
from memory.ledger.types import to_micro

STATUS_AFTER = {"approve": ProposalStatus.APPROVED, "reject": ProposalStatus.DECLINED}
SAID = {"approve": "already approved", "reject": "already declined", "supersede": "superseded"}
REMEDY = "see what waits with `pm pending`"


LATE = Prepared(
    sa.select(PROPOSALS.c.id)
    .where(
        PROPOSALS.c.portfolio == sa.bindparam("whose"),
        PROPOSALS.c.status == ProposalStatus.AWAITING,
        PROPOSALS.c.expires_at <= sa.bindparam("at"),
    )
    .order_by(PROPOSALS.c.id)
)
"""What has waited too long."""


class ApprovalPart(Part):
    """Implements the answers of `domain.storage.ProposalStore`."""

    def ask(self, proposal_id: str, version: int, expires_at: datetime, at: datetime) -> ProposalRecord:
        """Make a JUDGED proposal AWAITING until `expires_at`; a waiting one of the same symbol is superseded.

        An APPROVED or AWAITING one is asked again only under a higher `version`; anything else stays as it is.
        """
        with self._database.write(portfolio_of(proposal_id)) as db:
            row = hold_proposal(db, proposal_id)
            renewed = version > row.version and row.status in {ProposalStatus.APPROVED, ProposalStatus.AWAITING}
            if renewed or (version >= row.version and row.status is ProposalStatus.JUDGED):
                row.status, row.version, row.expires_at = ProposalStatus.AWAITING, version, expires_at
                detail: Detail = {"version": version, "expires_at": expires_at.isoformat()}
                self._note(db, row.portfolio, "approval_asked", f"P-{row.id}", detail)
                self._supersede_others(db, row, at)
            return to_record(db, row)

    def decide(self, approval: Approval) -> ProposalRecord:
        """Answer a waiting proposal by one compare-and-swap on status, version and expiry; audit every attempt.

        Raises:
            NotFound: no such proposal.
            AlreadyDecided: somebody answered first, it expired, or another version waits; says who and what.
        """
        if approval.answer not in STATUS_AFTER:
            raise BadInput(f"nobody can answer {approval.answer!r}", "answer approve or reject")
        with self._database.write(portfolio_of(approval.proposal_id)) as db:
            row = db.get(ProposalRow, approval.proposal_id, with_for_update=True)
            if row is not None and self._swap(db, approval):
                db.refresh(row)
                db.add(approval_row(row, approval))
                if row.status is ProposalStatus.DECLINED:
                    release(db, row.id)
                self._note_answer(db, row.portfolio, f"proposal_{row.status.value}", approval)
                trace: dict[str, JsonValue] = {"type": "answer", "proposal": row.id, "version": approval.version}
                key = f"trace:answer:{row.id}:v{approval.version}"
                post_in(db, row.portfolio, "trace", key, trace, self._clock.wall())
                return to_record(db, row)
            why = self._why_not(db, row, approval)
            self._note_answer(db, row.portfolio if row else "system", "decision_refused", approval, why.message)
        raise why

    def shrink(self, proposal_id: str, version: int, quantity: float, by: str, at: datetime) -> ProposalRecord:
        """Offer less of a waiting proposal, as its next version, in one compare-and-swap; its room shrinks with it.

        Raises:
            AlreadyDecided: it no longer waits at `version`.
            BadInput: not less than what waits, or nothing.
        """
        with self._database.write(portfolio_of(proposal_id)) as db:
            row = hold_proposal(db, proposal_id)
            patience = row.expires_at if row.status is ProposalStatus.AWAITING else None
            if patience is None or row.version != version or patience <= self._clock.now():
                raise AlreadyDecided(f"P-{row.id} v{version} waits no longer", REMEDY)
            wanted = to_micro(quantity)
            if not 0 < wanted < row.quantity:
                raise BadInput(f"{quantity:g} is not less than the {row.quantity} that wait, or nothing", "only less")
            row.version, row.quantity = version + 1, wanted
            room = db.get(ReservationRow, row.id)
            if room is not None:
                room.stop_risk *= float(wanted / room.quantity)
                room.quantity = wanted
            detail: Detail = {"version": row.version, "quantity": float(wanted), "at": at.isoformat()}
            self._note(db, row.portfolio, "proposal_shrunk", f"P-{row.id}", detail, by)
            return to_record(db, row)

    def expire(self, portfolio: str, at: datetime) -> tuple[str, ...]:
        """Expire what has waited too long; return the ids. Expiry counts as no."""
        with self._database.write(portfolio) as db:
            late = [hold_proposal(db, proposal_id) for proposal_id in run(db, LATE, whose=portfolio, at=at).scalars()]
            for row in late:
                self._end(
                    db,
                    row,
                    ProposalStatus.EXPIRED,
                    answer_by_desk(row, "expire", "clock", at, hindsight=self._clock.replay),
                )
            return tuple(row.id for row in late)

    def approval(self, proposal_id: str, version: int) -> Approval | None:
        """Read the answer to a card."""
        with self._database.read() as db:
            row = by_key(db, ApprovalRow, proposal_id, version)
            return to_approval(row) if row else None

    def _swap(self, db: Session, approval: Approval) -> bool:
        swap = (
            update(ProposalRow)
            .where(
                col(ProposalRow.id) == approval.proposal_id,
                col(ProposalRow.status) == ProposalStatus.AWAITING,
                col(ProposalRow.version) == approval.version,
                col(ProposalRow.expires_at) > self._clock.now(),
            )
            .values(status=STATUS_AFTER[approval.answer])
            .returning(col(ProposalRow.id))
            .execution_options(synchronize_session=False)
        )
        return db.exec(swap).first() is not None

    def _why_not(self, db: Session, row: ProposalRow | None, approval: Approval) -> AlreadyDecided | NotFound:
        if row is None:
            return NotFound(f"no proposal P-{approval.proposal_id}", REMEDY)
        given = db.get(ApprovalRow, (row.id, row.version))
        if row.status is ProposalStatus.AWAITING and row.version != approval.version:
            what = f"is at version {row.version}, not {approval.version}"
        elif row.status is ProposalStatus.AWAITING and row.expires_at is not None:
            what = f"expired at {_minute(row.expires_at)}"
        elif given is not None and given.answer == "expire":
            what = f"expired at {_minute(min(given.at, row.expires_at or given.at))}"
        elif given is not None:
            what = f"was {SAID[given.answer]} by {given.by} at {_minute(given.at)}"
        else:
            what = f"is {row.status.value} and waits for no answer"
        return AlreadyDecided(f"P-{row.id} {what}", REMEDY)

    def _supersede_others(self, db: Session, newer: ProposalRow, at: datetime) -> None:
        others = select(ProposalRow).where(
            ProposalRow.portfolio == newer.portfolio,
            ProposalRow.status == ProposalStatus.AWAITING,
            ProposalRow.symbol == newer.symbol,
            ProposalRow.id != newer.id,
        )
        for row in db.exec(others.order_by(ProposalRow.id)).all():
            answer = answer_by_desk(row, "supersede", f"P-{newer.id}", at, hindsight=self._clock.replay)
            self._end(db, row, ProposalStatus.SUPERSEDED, answer)

    def _end(self, db: Session, row: ProposalRow, status: ProposalStatus, answer: ApprovalRow) -> None:
        db.add(answer)
        row.status = status
        release(db, row.id)
        self._note(db, row.portfolio, f"proposal_{status.value}", f"P-{row.id}", {"version": row.version}, answer.by)

    def _note_answer(self, db: Session, portfolio: str, action: str, approval: Approval, why: str = "") -> None:
        detail = {
            "version": approval.version,
            "answer": approval.answer,
            "quantity": approval.quantity,
            "channel": approval.channel,
            "why": why or approval.reason,
        }
        self._note(db, portfolio, action, f"P-{approval.proposal_id}", detail, approval.by)


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
