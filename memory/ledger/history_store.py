"""A portfolio's past, read whole: fills, first verdicts, changes of control, and the digest of all facts."""

import json
from collections.abc import Iterator
from typing import Any

from sqlmodel import col, select

from domain.book import ControlState
from domain.history import ControlChange, FirstVerdict
from domain.orders import Fill
from domain.records import Approval, Cause, EquityPoint
from domain.verdict import Decision, Outcome, Phase
from memory.ledger.fact_digest import digest_facts
from memory.ledger.part import Part
from memory.ledger.proposal_rows import to_approval
from memory.ledger.tables import ApprovalRow, AuditTableRow, EquityPointRow, FillRow, ProposalRow, VerdictRow

PAGE = 500


class HistoryPart(Part):
    """Implements `domain.history.History`, without the flows."""

    def all_fills(self, portfolio: str) -> tuple[Fill, ...]:
        """List every execution, oldest first."""
        every = select(FillRow).where(FillRow.portfolio == portfolio)
        with self._database.read() as db:
            rows = db.exec(every.order_by(col(FillRow.session), col(FillRow.at), FillRow.execution_id)).all()
            return tuple(Fill.model_validate(row.model_dump(include=set(Fill.model_fields))) for row in rows)

    def first_verdicts(self, portfolio: str) -> Iterator[FirstVerdict]:
        """Read the first verdict on every proposal that has one, by session and batch."""
        first = select(ProposalRow, VerdictRow).where(
            ProposalRow.portfolio == portfolio,
            VerdictRow.proposal_id == ProposalRow.id,
            VerdictRow.version == 1,
            VerdictRow.phase == Phase.FIRST,
        )
        ordered = first.order_by(col(ProposalRow.created_at), ProposalRow.batch_id, col(ProposalRow.rank))
        with self._database.read() as db:
            for proposal, verdict in db.exec(ordered.execution_options(yield_per=PAGE)):
                yield _judged(proposal, verdict)

    def all_approvals(self, portfolio: str) -> tuple[Approval, ...]:
        """List every answer, oldest first."""
        every = select(ApprovalRow).where(ApprovalRow.portfolio == portfolio)
        with self._database.read() as db:
            ordered = every.order_by(col(ApprovalRow.at), ApprovalRow.proposal_id, col(ApprovalRow.version))
            return tuple(to_approval(row) for row in db.exec(ordered))

    def all_equity_points(self, portfolio: str) -> tuple[EquityPoint, ...]:
        """List the equity of every session, oldest first."""
        every = select(EquityPointRow).where(EquityPointRow.portfolio == portfolio)
        with self._database.read() as db:
            rows = db.exec(every.order_by(col(EquityPointRow.session)))
            return tuple(EquityPoint(session=row.session, equity=row.equity, unit_value=row.unit_value) for row in rows)

    def control_changes(self, portfolio: str) -> tuple[ControlChange, ...]:
        """List every change of the control state, oldest first."""
        changes = select(AuditTableRow).where(
            AuditTableRow.chain == portfolio, AuditTableRow.action == "control_changed"
        )
        with self._database.read() as db:
            return tuple(_change(row) for row in db.exec(changes.order_by(col(AuditTableRow.sequence))))

    def fact_digest(self, portfolio: str) -> str:
        """Hash every fact of the portfolio: the same history has the same digest, whenever and however it was made."""
        with self._database.read() as db:
            return digest_facts(db, portfolio)


def _judged(proposal: ProposalRow, verdict: VerdictRow) -> FirstVerdict:
    said: dict[str, Any] = verdict.body
    outcomes = {result["rule"]: Outcome(result["outcome"]) for result in said["results"]}
    return FirstVerdict(
        proposal_id=proposal.id,
        session=proposal.session,
        symbol=proposal.symbol,
        origin=proposal.origin,
        reduces=proposal.reduces,
        decision=Decision(said["decision"]),
        asked_quantity=said["asked_quantity"],
        quantity=said["quantity"],
        filled_quantity=float(proposal.filled_quantity),
        price=proposal.price or 0.0,
        breached={rule: outcome for rule, outcome in outcomes.items() if outcome.breaches},
        sized_by=tuple(said["sized_by"]),
        status=proposal.status,
    )


def _change(row: AuditTableRow) -> ControlChange:
    said = json.loads(row.detail)
    return ControlChange(
        session=said["session"],
        was=ControlState(said["was"]),
        state=ControlState(row.subject),
        cause=Cause(said["cause"]),
        by=row.actor,
        reason=said["reason"],
    )
