"""Proposal rows and records: reading them, ending them, and the answers that end them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal, TypeVar

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlmodel import Session, select
from sqlmodel.sql.expression import SelectOfScalar

from domain.errors import NotFound
from domain.records import Approval, ProposalRecord, ProposalStatus
from domain.verdict import Phase, RiskVerdict
from memory.ledger.held import hold
from memory.ledger.prepared import Prepared
from memory.ledger.sql import by_key, run, table_of
from memory.ledger.tables import ApprovalRow, ProposalRow, VerdictRow

R = TypeVar("R")
PROPOSALS, JUDGED = table_of(ProposalRow), table_of(VerdictRow)
WHOLE = sa.select(*PROPOSALS.c)
"""Every column of proposals: what `read_records` builds on."""
MEMBERS = Prepared(
    WHOLE.where(PROPOSALS.c.portfolio == bindparam("whose"), PROPOSALS.c.batch_id == bindparam("batch")).order_by(
        PROPOSALS.c.rank
    )
)
"""A batch, by rank."""
STORED = tuple(name for name in ProposalRecord.model_fields if name not in {"verdict", "first_verdict"})
"""The fields of a record that are columns."""
HOLDS_ROOM = frozenset({ProposalStatus.JUDGED, ProposalStatus.AWAITING, ProposalStatus.APPROVED})

VERDICTS = Prepared(
    sa.select(
        JUDGED.c.proposal_id, JUDGED.c.version, JUDGED.c.phase, sa.cast(JUDGED.c.body, sa.Text).label("body")
    ).where(JUDGED.c.proposal_id.in_(bindparam("ids", expanding=True)))
)


def portfolio_of(proposal_id: str) -> SelectOfScalar[str]:
    """Ask for the portfolio of a proposal, whose lock its writers take first."""
    return select(ProposalRow.portfolio).where(ProposalRow.id == proposal_id)


def proposal_row(session: Session, proposal_id: str) -> Any:
    """Read a proposal's columns, to look at only; raises NotFound."""
    return _found(by_key(session, ProposalRow, proposal_id), proposal_id)


def hold_proposal(session: Session, proposal_id: str) -> ProposalRow:
    """Read a proposal's row and keep other writers from it (SQLite: the transaction does); raises NotFound."""
    return _found(hold(session, ProposalRow, proposal_id), proposal_id)


def to_record(session: Session, row: Any) -> ProposalRecord:
    """Read one proposal with its verdicts."""
    return to_records(session, [row])[0]


def read_records(session: Session, wanted: Prepared, /, **values: object) -> tuple[ProposalRecord, ...]:
    """Read the proposals that a statement over `WHOLE` finds, with their verdicts, in its order."""
    return to_records(session, run(session, wanted, **values).all())


def to_records(session: Session, rows: Sequence[Any]) -> tuple[ProposalRecord, ...]:
    """Read proposals with their verdicts, in the order of `rows`: objects, or all columns of each."""
    ids = [row.id for row in rows]
    judged: defaultdict[str, list[RiskVerdict]] = defaultdict(list)
    for start in range(0, len(ids), 500):
        for name, verdict in _verdicts(session, ids[start : start + 500]):
            judged[name].append(verdict)
    return tuple(_record(row, judged[row.id]) for row in rows)


def verdicts_of(session: Session, proposal_id: str) -> tuple[RiskVerdict, ...]:
    """Read the verdicts of a proposal, oldest first."""
    return tuple(verdict for _, verdict in _verdicts(session, [proposal_id]))


def _verdicts(session: Session, ids: Sequence[str]) -> list[tuple[str, RiskVerdict]]:
    rows = run(session, VERDICTS, ids=ids)
    ordered = sorted(rows, key=lambda row: (row.version, row.phase is Phase.AFTER_YES))
    return [(row.proposal_id, _verdict(row.body)) for row in ordered]


@lru_cache(maxsize=256)
def _verdict(text: str) -> RiskVerdict:
    """Read a verdict; it never changes, and is asked for several times on its way to an order."""
    return RiskVerdict.model_validate_json(text)


def to_approval(row: Any) -> Approval:
    """Read an answer."""
    return Approval.model_validate({name: getattr(row, name) for name in Approval.model_fields})


def approval_row(row: ProposalRow, approval: Approval) -> ApprovalRow:
    """Make the row of an answer to `row`."""
    return ApprovalRow(
        **approval.model_dump(exclude={"quantity"}), portfolio=row.portfolio, quantity=Decimal(repr(approval.quantity))
    )


def answer_by_desk(
    row: ProposalRow, answer: Literal["expire", "supersede"], by: str, at: datetime, *, hindsight: bool
) -> ApprovalRow:
    """Make the row of an answer that no person gave; it allows nothing."""
    approval = Approval(
        proposal_id=row.id,
        version=row.version,
        answer=answer,
        by=by,
        channel="desk",
        at=at,
        payload_hash=row.payload_hash,
        quantity=0.0,
        hindsight=hindsight,
    )
    return approval_row(row, approval)


def _record(row: Any, verdicts: Sequence[RiskVerdict]) -> ProposalRecord:
    inside = {name: getattr(row, name) for name in STORED}
    if verdicts:
        inside |= {"first_verdict": verdicts[0], "verdict": verdicts[-1]}
    return ProposalRecord.model_validate(inside)


def _found(row: R | None, proposal_id: str) -> R:
    if row is None:
        raise NotFound(f"no proposal P-{proposal_id}", "list them with `pm pending`")
    return row
