"""Runs: one a slot, however often it is started."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, select

from domain.errors import NotFound
from domain.judgement import PolicyText
from domain.records import Run, RunStatus
from memory.ledger import documents
from memory.ledger.accounts import hold_account
from memory.ledger.held import hold
from memory.ledger.outbox_store import post_in
from memory.ledger.session_part import SessionPart
from memory.ledger.sql import by_key, insert_once
from memory.ledger.tables import PolicyPinRow, RunRow


class RunPart(SessionPart):
    """Implements the runs of `domain.storage.RunStore`."""

    def pin_policy(self, portfolio: str, session: date, policy: PolicyText, by: str) -> PolicyText:
        """Put a policy in force for a session, unless the session has one; return the one in force."""
        with self._database.write(portfolio) as db:
            hold_account(db, portfolio)
            stored = db.get(PolicyPinRow, (portfolio, session))
            if stored is None:
                last = select(PolicyPinRow).where(PolicyPinRow.portfolio == portfolio)
                before = db.exec(last.order_by(col(PolicyPinRow.session).desc()).limit(1)).first()
                documents.store(db, "policy", policy)
                db.add(PolicyPinRow(portfolio=portfolio, session=session, digest=policy.digest))
                if before is None or before.digest != policy.digest:
                    detail = {"before": before.digest if before else None, "after": policy.digest}
                    self._note(db, portfolio, "policy_in_force", session.isoformat(), detail, by)
                return policy
            return PolicyText.model_validate_json(documents.read(db, "policy", stored.digest))

    def policy_in_force(self, portfolio: str, session: date) -> PolicyText | None:
        """Read the policy that is in force for a session; None before anything has entered it."""
        with self._database.read() as db:
            stored = db.get(PolicyPinRow, (portfolio, session))
            return PolicyText.model_validate_json(documents.read(db, "policy", stored.digest)) if stored else None

    def begin_run(self, run: Run) -> Run:
        """Insert the run of (portfolio, slot), or read the one that exists; enters its session, counts the attempt.

        Raises:
            EarlierSession: the run's session is before the portfolio's clock.
        """
        with self._database.write(run.portfolio) as session:
            self._enter(session, run.portfolio, run.session, self._clock.now())
            fresh = RunRow(**run.model_dump(exclude={"assumptions", "attempts"}), assumptions=[], attempts=0)
            fresh.assumptions = list(run.assumptions)
            insert_once(session, fresh)
            row = _row(session, run.portfolio, run.slot)
            if row.status is RunStatus.RUNNING:
                row.attempts += 1
                self._note(session, run.portfolio, "run_started", run.slot, {"attempt": row.attempts})
            return _to_run(row)

    def run(self, portfolio: str, slot: str) -> Run | None:
        """Read a run."""
        with self._database.read() as session:
            row = by_key(session, RunRow, portfolio, slot)
            return _to_run(row) if row else None

    def runs(self, portfolio: str, limit: int = 20) -> tuple[Run, ...]:
        """List runs, newest first."""
        newest = (
            select(RunRow)
            .where(RunRow.portfolio == portfolio)
            .order_by(col(RunRow.started_at).desc(), col(RunRow.slot).desc())
            .limit(limit)
        )
        with self._database.read() as session:
            return tuple(_to_run(row) for row in session.exec(newest))

    def note_inputs(self, portfolio: str, slot: str, snapshot_digest: str, scan_digest: str) -> None:
        """Write down what a run decided on."""
        with self._database.write(portfolio) as session:
            row = _row(session, portfolio, slot)
            row.snapshot_digest, row.scan_digest = snapshot_digest, scan_digest

    def end_run(
        self, portfolio: str, slot: str, status: RunStatus, undecided: Mapping[str, str], problem: str, at: datetime
    ) -> None:
        """Close a run; one that is done stays as it is."""
        with self._database.write(portfolio) as session:
            row = _row(session, portfolio, slot)
            if row.status is RunStatus.DONE:
                return
            row.status, row.undecided, row.problem, row.finished_at = status, dict(undecided), problem, at
            self._note(session, portfolio, f"run_{status.value}", slot, {"problem": problem})
            trace = {"type": "run", "slot": slot}
            post_in(session, portfolio, "trace", f"trace:run:{portfolio}/{slot}", trace, self._clock.wall())


def _row(session: Session, portfolio: str, slot: str) -> RunRow:
    row = hold(session, RunRow, portfolio, slot)
    if row is None:
        raise NotFound(f"portfolio {portfolio!r} has no run {slot!r}", "list them with `pm runs`")
    return row


def _to_run(row: Any) -> Run:
    return Run.model_validate({name: getattr(row, name) for name in Run.model_fields})
