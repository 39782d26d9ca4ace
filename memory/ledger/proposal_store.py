"""Proposals: batches in, lists out, and how they end."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import BindParameter, bindparam
from sqlmodel import Session, col, func, select

from domain.errors import BadInput, NotFound
from domain.proposal import Action, Origin
from domain.records import NewProposal, ProposalRecord, ProposalStatus
from domain.trade import side_of
from domain.verdict import RiskVerdict
from memory.ledger.accounts import hold_account, release
from memory.ledger.part import Part
from memory.ledger.prepared import Prepared
from memory.ledger.proposal_rows import (
    MEMBERS,
    PROPOSALS,
    WHOLE,
    hold_proposal,
    portfolio_of,
    proposal_row,
    read_records,
    to_record,
    to_records,
    verdicts_of,
)
from memory.ledger.sql import insert_once, run
from memory.ledger.tables import ProposalRow

SHOWN_WHEN_AMBIGUOUS = 5
ALL_OF_THEM = 2**31 - 1
TURNED_DOWN = (ProposalStatus.REJECTED, ProposalStatus.DECLINED, ProposalStatus.EXPIRED)
MINE = WHOLE.where(PROPOSALS.c.portfolio == bindparam("whose"))
REFUSED = Prepared(
    sa.select(PROPOSALS.c.symbol).where(
        PROPOSALS.c.portfolio == bindparam("whose"),
        PROPOSALS.c.session.in_(bindparam("days", expanding=True)),
        PROPOSALS.c.status.in_(TURNED_DOWN),
        PROPOSALS.c.origin.in_((Origin.MODEL, Origin.QUANT)),
        PROPOSALS.c.reduces.is_(False),
    )
)
UNREMEMBERED = Prepared(
    MINE.where(PROPOSALS.c.remembered.is_(False)).order_by(
        PROPOSALS.c.created_at, PROPOSALS.c.batch_id, PROPOSALS.c.rank
    )
)


class ProposalPart(Part):
    """Implements `domain.storage.ProposalStore`, except the answers."""

    def add_batch(
        self,
        portfolio: str,
        batch_id: str,
        slot: str | None,
        session: date,
        proposals: Sequence[NewProposal],
        at: datetime,
    ) -> tuple[ProposalRecord, ...]:
        """Insert a batch in one transaction, or read the one that exists. HOLD is done at once.

        Raises:
            BadInput: one of the ids belongs to another batch.
        """
        with self._database.write(portfolio) as db:
            hold_account(db, portfolio)
            stored = _batch(db, portfolio, batch_id)
            if not stored:
                for rank, new in enumerate(proposals, start=1):
                    row = _new_row(new, portfolio, batch_id, slot, session, rank, at)
                    if not insert_once(db, row):
                        raise BadInput(f"P-{new.id} is already in another batch", "give each proposal its own id")
                ids = " ".join(f"P-{new.id}" for new in proposals)
                self._note(db, portfolio, "batch_added", batch_id, {"proposals": ids, "slot": slot})
                stored = _batch(db, portfolio, batch_id)
            return to_records(db, stored)

    def proposal(self, proposal_id: str) -> ProposalRecord:
        """Read a proposal; raises NotFound."""
        with self._database.read() as db:
            return to_record(db, proposal_row(db, proposal_id))

    def find_proposal(self, prefix: str, portfolio: str | None = None) -> ProposalRecord:
        """Find a proposal by a unique beginning of its id (`P-` in front is allowed); raises NotFound."""
        start = prefix.strip().upper().removeprefix("P-")
        matching = select(ProposalRow).where(col(ProposalRow.id).startswith(start, autoescape=True))
        if portfolio is not None:
            matching = matching.where(ProposalRow.portfolio == portfolio)
        with self._database.read() as db:
            found = db.exec(matching.order_by(ProposalRow.id).limit(SHOWN_WHEN_AMBIGUOUS)).all()
            if len(found) == 1:
                return to_record(db, found[0])
        if not found:
            raise NotFound(f"no proposal begins with {prefix!r}", "list them with `pm pending`")
        listed = ", ".join(f"P-{row.id}" for row in found)
        raise NotFound(f"several proposals begin with {prefix!r}: {listed}", "write more of the id")

    def proposals(
        self,
        portfolio: str,
        *,
        slot: str | None = None,
        batch_id: str | None = None,
        session: date | None = None,
        origin: Origin | None = None,
        statuses: Collection[ProposalStatus] | None = None,
        limit: int | None = None,
    ) -> tuple[ProposalRecord, ...]:
        """List proposals, oldest first, by batch and rank."""
        wanted = None if statuses is None else sorted(statuses)
        given = {"slot": slot, "batch_id": batch_id, "session": session, "origin": origin, "status": wanted}
        told = {name: value for name, value in given.items() if value is not None}
        with self._database.read() as db:
            return read_records(
                db, _listing(tuple(told)), whose=portfolio, most=ALL_OF_THEM if limit is None else limit, **told
            )

    def batches(self, portfolio: str, session: date) -> int:
        """Count the batches of one session."""
        kinds = select(func.count(func.distinct(ProposalRow.batch_id))).where(
            ProposalRow.portfolio == portfolio, ProposalRow.session == session
        )
        with self._database.read() as db:
            return db.exec(kinds).one()

    def unremembered(self, portfolio: str) -> tuple[ProposalRecord, ...]:
        """List proposals whose settling has not come to its end (no episode yet), oldest first."""
        with self._database.read() as db:
            return read_records(db, UNREMEMBERED, whose=portfolio)

    def turned_down(self, portfolio: str, sessions: Sequence[date]) -> tuple[str, ...]:
        """List symbols, in order, whose entries an analyst proposed in one of `sessions` and nobody let through."""
        with self._database.read() as db:
            return tuple(sorted(set(run(db, REFUSED, whose=portfolio, days=list(sessions)).scalars())))

    def verdicts(self, proposal_id: str) -> tuple[RiskVerdict, ...]:
        """List the verdicts of a proposal, oldest first."""
        with self._database.read() as db:
            return verdicts_of(db, proposal_id)

    def finish(self, proposal_id: str, status: ProposalStatus, problem: str, at: datetime) -> None:  # noqa: ARG002 - `at` is the port's
        """Give a proposal its last status and release its room; a final status stays as it is."""
        with self._database.write(portfolio_of(proposal_id)) as db:
            row = hold_proposal(db, proposal_id)
            if row.status.is_final:
                return
            row.status, row.problem = status, problem
            release(db, row.id)
            detail = {"status": status.value, "problem": problem}
            self._note(db, row.portfolio, "proposal_finished", f"P-{row.id}", detail)


@cache
def _listing(names: tuple[str, ...]) -> Prepared:
    """Proposals of one portfolio by what is named, oldest first."""
    wanted = MINE
    for name in names:
        column, several = PROPOSALS.c[name], name == "status"
        given: BindParameter[Any] = bindparam(name, expanding=several)
        wanted = wanted.where(column.in_(given) if several else column == given)
    ordered = wanted.order_by(PROPOSALS.c.created_at, PROPOSALS.c.batch_id, PROPOSALS.c.rank)
    return Prepared(ordered.limit(bindparam("most")))


def _batch(db: Session, portfolio: str, batch_id: str) -> Sequence[Any]:
    return run(db, MEMBERS, whose=portfolio, batch=batch_id).all()


def _new_row(
    new: NewProposal, portfolio: str, batch_id: str, slot: str | None, session: date, rank: int, at: datetime
) -> ProposalRow:
    hold = new.proposal.action is Action.HOLD
    trade = new.trade
    return ProposalRow(
        id=new.id,
        portfolio=portfolio,
        batch_id=batch_id,
        slot=slot,
        session=session,
        rank=rank,
        origin=new.origin,
        status=ProposalStatus.DONE if hold else ProposalStatus.SCHEDULED,
        symbol=new.proposal.symbol,
        side=None if hold else side_of(new.proposal.action),
        price=trade.price if trade else None,
        reduces=trade.reduces if trade else False,
        exit_kind=new.exit_kind,
        proposal=new.proposal.model_dump(mode="json"),
        payload_hash=new.proposal.payload_hash,
        trade=trade.model_dump(mode="json") if trade else None,
        facts=[fact.model_dump(mode="json") for fact in new.facts],
        quantity=Decimal(0),
        filled_quantity=Decimal(0),
        created_at=at,
    )
