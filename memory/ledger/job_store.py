"""Jobs with their attempts, processes with their last sign of life, and the calendar time of replays."""

from collections.abc import Mapping
from datetime import date, datetime

from sqlmodel import Session, col, delete, select, update

from domain.errors import NotFound
from domain.jobs import Job, JobStatus, ProcessSeen, ReplayPosition
from domain.orders import IntentState
from domain.records import ProposalStatus, RunStatus
from memory.ledger.chain import Detail
from memory.ledger.part import Part
from memory.ledger.sql import insert_once
from memory.ledger.tables import IntentRow, JobRow, PortfolioRow, ProcessRow, ProposalRow, ReplayPositionRow, RunRow

LONGEST_PROBLEM = 500
LONG_AGO = date.min
SCHEDULE = "schedule"


class JobPart(Part):
    """Implements `domain.jobs.JobStore`."""

    def begin_job(self, job: Job, at: datetime, most_attempts: int) -> Job:
        """Count an attempt and return the row; parked after `most_attempts` that never ended."""
        with self._database.write() as session:
            row = session.get(JobRow, (job.portfolio, job.name), with_for_update=True)
            if row is None:
                insert_once(session, JobRow(**job.model_dump()))
                row = _row(session, job.portfolio, job.name)
            if row.status.is_over:
                return _to_job(row)
            if row.attempts >= most_attempts:
                why = row.problem or "the process died each time"
                row.status, row.problem = JobStatus.PARKED, why[:LONGEST_PROBLEM]
                self._tell_of_job(session, row, "job_parked")
            else:
                row.attempts, row.started_at = row.attempts + 1, at
            return _to_job(row)

    def end_job(self, portfolio: str, name: str, at: datetime) -> None:
        """Write down a good end: the job is done."""
        with self._database.write() as session:
            row = session.get(JobRow, (portfolio, name), with_for_update=True)
            if row is not None:
                row.status, row.finished_at, row.problem = JobStatus.DONE, at, ""

    def note_job(self, job: Job, at: datetime) -> None:
        """Write down a good end of a job that comes again and again, whether it has a row or not."""
        with self._database.write() as session:
            insert_once(session, JobRow(**job.model_dump()))
            row = _row(session, job.portfolio, job.name)
            row.finished_at, row.attempts, row.problem = at, 0, ""

    def drop_job(self, portfolio: str, name: str) -> None:
        """Forget a job that ended well and leaves its trace elsewhere."""
        with self._database.write() as session:
            session.exec(delete(JobRow).where(col(JobRow.portfolio) == portfolio, col(JobRow.name) == name))

    def fail_job(self, portfolio: str, name: str, problem: str, *, counts: bool) -> None:
        """Write down why an attempt failed; one that was nobody's fault is taken back."""
        with self._database.write() as session:
            row = session.get(JobRow, (portfolio, name), with_for_update=True)
            if row is not None:
                row.problem = problem[:LONGEST_PROBLEM]
                row.attempts = row.attempts if counts else max(row.attempts - 1, 0)

    def skip_job(self, job: Job, why: str) -> bool:
        """Write down that a job's time has passed, in the audit chain too; tell whether that is new."""
        with self._database.write() as session:
            row = session.get(JobRow, (job.portfolio, job.name), with_for_update=True)
            if row is None:
                if not insert_once(session, JobRow(**job.model_dump())):
                    return False
                row = _row(session, job.portfolio, job.name)
            if row.status.is_over:
                return False
            row.status, row.problem = JobStatus.SKIPPED, why[:LONGEST_PROBLEM]
            self._tell_of_job(session, row, "slot_missed")
            return True

    def retry_job(self, portfolio: str, name: str) -> Job:
        """Take a parked job up again; raises NotFound where none of that name is parked."""
        with self._database.write() as session:
            row = session.get(JobRow, (portfolio, name), with_for_update=True)
            if row is None or row.status is not JobStatus.PARKED:
                raise NotFound(f"portfolio {portfolio!r} has no parked job {name!r}", "list them with `pm jobs`")
            row.status, row.attempts = JobStatus.OPEN, 0
            self._note(session, portfolio, "job_retried", name)
            return _to_job(row)

    def jobs(self, portfolio: str, *, since: date | None = None) -> tuple[Job, ...]:
        """List the jobs of a portfolio, by name: those without a session, and those of sessions from `since` on."""
        wanted = select(JobRow).where(
            JobRow.portfolio == portfolio,
            col(JobRow.session).is_(None) | (col(JobRow.session) >= (since or LONG_AGO)),
        )
        with self._database.read() as session:
            return tuple(_to_job(row) for row in session.exec(wanted.order_by(JobRow.name)))

    def last_job(self, portfolio: str, kind: str) -> Job | None:
        """Find the newest done job of a kind, by session."""
        wanted = (
            select(JobRow)
            .where(JobRow.portfolio == portfolio, JobRow.kind == kind, JobRow.status == JobStatus.DONE)
            .order_by(col(JobRow.session).desc(), col(JobRow.name).desc())
            .limit(1)
        )
        with self._database.read() as session:
            row = session.exec(wanted).first()
            return _to_job(row) if row else None

    def put_on_schedule(self, portfolio: str, at: datetime) -> datetime:
        """Tell since when a portfolio runs by itself; `at`, where it begins to now."""
        key = (portfolio, SCHEDULE)
        with self._database.read() as session:
            row = session.get(JobRow, key)
            if row is not None and row.started_at is not None:
                return row.started_at
        with self._database.write() as session:
            insert_once(
                session, JobRow(portfolio=portfolio, name=SCHEDULE, kind=SCHEDULE, status=JobStatus.OPEN, started_at=at)
            )
            return _row(session, *key).started_at or at

    def seen(self, name: str, kind: str, at: datetime, note: str = "") -> None:
        """Say that a process lives."""
        with self._database.write() as session:
            row = session.get(ProcessRow, name)
            if row is None:
                insert_once(session, ProcessRow(name=name, kind=kind, started_at=at, seen_at=at, note=note))
            else:
                row.seen_at, row.note = at, note

    def processes(self, since: datetime) -> tuple[ProcessSeen, ...]:
        """List the processes that were seen at or after `since`, by name."""
        wanted = select(ProcessRow).where(col(ProcessRow.seen_at) >= since).order_by(ProcessRow.name)
        with self._database.read() as session:
            return tuple(ProcessSeen.model_validate(row.model_dump()) for row in session.exec(wanted))

    def replay_position(self, portfolio: str) -> ReplayPosition | None:
        """Tell where a replayed portfolio stands on its calendar."""
        with self._database.read() as session:
            row = session.get(ReplayPositionRow, portfolio)
            return ReplayPosition.model_validate(row.model_dump()) if row else None

    def move_replay(self, position: ReplayPosition, before: datetime | None) -> bool:
        """Move it on, unless somebody else has moved it since it stood at `before`; tell whether it was moved."""
        with self._database.write() as session:
            if before is None:
                return insert_once(session, ReplayPositionRow(**position.model_dump()))
            moved = (
                update(ReplayPositionRow)
                .where(col(ReplayPositionRow.portfolio) == position.portfolio, col(ReplayPositionRow.now) == before)
                .values(now=position.now, moved_at=position.moved_at)
                .returning(col(ReplayPositionRow.portfolio))
            )
            return session.exec(moved).first() is not None

    def portfolios(self) -> tuple[str, ...]:
        """Name every portfolio that was ever opened."""
        with self._database.read() as session:
            return tuple(session.exec(select(PortfolioRow.name).order_by(PortfolioRow.name)))

    def over(self, portfolio: str, since: date) -> frozenset[str]:
        """Name what is over: jobs without a session, jobs of sessions from `since` on, runs of these that are done."""
        jobs = select(JobRow.name).where(
            JobRow.portfolio == portfolio,
            col(JobRow.status).in_([status for status in JobStatus if status.is_over]),
            col(JobRow.session).is_(None) | (col(JobRow.session) >= since),
        )
        runs = select(RunRow.slot).where(
            RunRow.portfolio == portfolio, RunRow.status == RunStatus.DONE, RunRow.session >= since
        )
        with self._database.read() as session:
            return frozenset(session.exec(jobs)) | frozenset(session.exec(runs))

    def awaiting(self) -> frozenset[str]:
        """Name the portfolios in which a proposal waits for people."""
        theirs = select(ProposalRow.id).where(
            ProposalRow.portfolio == PortfolioRow.name, ProposalRow.status == ProposalStatus.AWAITING
        )
        with self._database.read() as session:
            return frozenset(session.exec(select(PortfolioRow.name).where(theirs.exists())))

    def ordering(self) -> frozenset[str]:
        """Name the portfolios that have an order which is not final."""
        still_open = [state for state in IntentState if not state.is_final]
        theirs = select(IntentRow.client_order_id).where(
            IntentRow.portfolio == PortfolioRow.name, col(IntentRow.state).in_(still_open)
        )
        with self._database.read() as session:
            return frozenset(session.exec(select(PortfolioRow.name).where(theirs.exists())))

    def unfinished(self, portfolio: str) -> Mapping[str, str]:
        """Map each proposal that has not come to its end to its status; no verdicts are read."""
        wanted = select(ProposalRow.id, ProposalRow.status).where(
            ProposalRow.portfolio == portfolio, col(ProposalRow.remembered).is_(False)
        )
        with self._database.read() as session:
            return {name: str(status) for name, status in session.exec(wanted.order_by(ProposalRow.id)).all()}

    def _tell_of_job(self, session: Session, row: JobRow, what: str) -> None:
        """Write it into the audit chain, which notices to people are made from."""
        detail: Detail = {"kind": row.kind, "problem": row.problem, "attempts": row.attempts}
        self._note(session, row.portfolio, what, row.name, detail, "schedule")


def _row(session: Session, portfolio: str, name: str) -> JobRow:
    row = session.get(JobRow, (portfolio, name), with_for_update=True)
    if row is None:
        raise NotFound(f"portfolio {portfolio!r} has no job {name!r}")
    return row


def _to_job(row: JobRow) -> Job:
    return Job.model_validate(row.model_dump())
