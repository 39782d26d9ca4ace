"""Runs: one a slot, however often it is started."""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session, col, select

from domain.errors import NotFound
from domain.records import Run, RunStatus
from memory.ledger.session_part import SessionPart
from memory.ledger.sql import insert_once
from memory.ledger.tables import RunRow


class RunPart(SessionPart):
    """Implements the runs of `domain.storage.RunStore`."""

    def begin_run(self, run: Run) -> Run:
        """Insert the run of (portfolio, slot), or read the one that exists; enters its session, counts the attempt.

        Raises:
            EarlierSession: the run's session is before the portfolio's clock.
        """
        with self._database.write() as session:
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
            row = session.get(RunRow, (portfolio, slot))
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
        with self._database.write() as session:
            row = _row(session, portfolio, slot)
            row.snapshot_digest, row.scan_digest = snapshot_digest, scan_digest

    def end_run(
        self, portfolio: str, slot: str, status: RunStatus, undecided: Mapping[str, str], problem: str, at: datetime
    ) -> None:
        """Close a run; one that is done stays as it is."""
        with self._database.write() as session:
            row = _row(session, portfolio, slot)
            if row.status is RunStatus.DONE:
                return
            row.status, row.undecided, row.problem, row.finished_at = status, dict(undecided), problem, at
            self._note(session, portfolio, f"run_{status.value}", slot, {"problem": problem})


def _row(session: Session, portfolio: str, slot: str) -> RunRow:
    row = session.get(RunRow, (portfolio, slot), with_for_update=True)
    if row is None:
        raise NotFound(f"portfolio {portfolio!r} has no run {slot!r}", "list them with `pm runs`")
    return row


def _to_run(row: RunRow) -> Run:
    return Run.model_validate(row.model_dump())
