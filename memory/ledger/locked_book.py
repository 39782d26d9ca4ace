"""A portfolio inside its lock: the book is read and the verdicts are written in one transaction."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime

from sqlmodel import Session, select

from domain.book import Book
from domain.errors import AlreadyDecided, NotFound
from domain.judgement import Judgement
from domain.ports import Clock
from domain.records import Approval, ProposalRecord, ProposalStatus
from domain.trade import Trade
from domain.verdict import Phase, RiskVerdict
from memory.ledger import documents
from memory.ledger.accounts import read_control, release
from memory.ledger.book import read_book
from memory.ledger.chain import append
from memory.ledger.proposal_rows import (
    HOLDS_ROOM,
    MEMBERS,
    hold_proposal,
    read_records,
    to_approval,
    to_record,
    verdicts_of,
)
from memory.ledger.sql import add_once, by_key, put
from memory.ledger.tables import ApprovalRow, ProposalRow, ReservationRow, VerdictRow
from memory.ledger.types import to_micro


class SqlLockedBook:
    """Implements `domain.storage.LockedBook` on an open writing transaction."""

    def __init__(self, session: Session, portfolio: str, clock: Clock) -> None:
        self._session = session
        self._portfolio = portfolio
        self._clock = clock

    def proposal(self, proposal_id: str) -> ProposalRecord:
        """Read a proposal as it stands now."""
        return to_record(self._session, self._row(proposal_id))

    def batch(self, batch_id: str) -> tuple[ProposalRecord, ...]:
        """Read all members of a batch, by rank."""
        return read_records(self._session, MEMBERS, whose=self._portfolio, batch=batch_id)

    def book(self, session: date, prices: Mapping[str, float], without: Collection[str] = ()) -> Book:
        """Read the book at `prices` (dollars), without what the proposals in `without` have reserved or recorded."""
        now = None if self._clock.replay else self._clock.now()
        return read_book(self._session, self._portfolio, session, prices, without, now)

    def verdict(self, proposal_id: str, version: int, phase: Phase) -> RiskVerdict | None:
        """Read a stored verdict."""
        stored = verdicts_of(self._session, proposal_id)
        return next((one for one in stored if one.version == version and one.phase is phase), None)

    def judged_at(self, proposal_id: str) -> datetime | None:
        """Tell when the newest verdict was given (market time); None where there is none."""
        given = select(VerdictRow.at).where(VerdictRow.proposal_id == proposal_id)
        return max((at if at.tzinfo else at.replace(tzinfo=UTC) for at in self._session.exec(given)), default=None)

    def note_waiting(self, proposal_ids: Sequence[str], problem: str) -> None:
        """Write down, once, why proposals are not judged yet; the next verdict forgets it."""
        for proposal_id in proposal_ids:
            row = self._row(proposal_id)
            if row.problem != problem:
                row.problem = problem
                detail = {"problem": problem}
                wall = self._clock.wall()
                append(self._session, wall, self._portfolio, "judging_waits", f"P-{row.id}", detail, "desk")

    def approval(self, proposal_id: str, version: int) -> Approval | None:
        """Read the answer to a card."""
        row = by_key(self._session, ApprovalRow, proposal_id, version)
        return to_approval(row) if row else None

    def save_judgement(self, judgement: Judgement) -> str:
        """Store what verdicts are about to be made from; return its digest."""
        return documents.store(self._session, "judgement", judgement)

    def record_verdict(self, verdict: RiskVerdict, trade: Trade, status: ProposalStatus, stop_risk: float) -> None:
        """Store a verdict, the trade as judged and the proposal's status; reserve its quantity, or release its room.

        A second verdict for the same version and phase is ignored.

        Raises:
            AlreadyDecided: the proposal has ended meanwhile.
        """
        row = self._row(verdict.proposal_id)
        if self.verdict(row.id, verdict.version, verdict.phase) is not None:
            return
        if row.status.is_final:
            raise AlreadyDecided(
                f"P-{row.id} is {row.status.value}; a verdict can't change that", "look at it with `pm why`"
            )
        add_once(
            self._session,
            VerdictRow,
            proposal_id=row.id,
            version=verdict.version,
            phase=verdict.phase,
            portfolio=self._portfolio,
            decision=verdict.decision,
            quantity=to_micro(verdict.quantity),
            body=verdict.model_dump(mode="json"),
            at=self._clock.now(),
        )
        if row.status is ProposalStatus.SCHEDULED:
            row.problem = ""
        row.status, row.quantity = status, to_micro(verdict.quantity)
        row.trade = trade.model_dump(mode="json")
        row.side, row.price, row.reduces = trade.side, trade.price, trade.reduces
        row.control_epoch = read_control(self._session, self._portfolio).epoch
        if status in HOLDS_ROOM:
            self._reserve(verdict, trade, stop_risk)
        else:
            release(self._session, row.id)
        self._note_verdict(verdict, status)

    def _reserve(self, verdict: RiskVerdict, trade: Trade, stop_risk: float) -> None:
        put(
            self._session,
            ReservationRow,
            proposal_id=verdict.proposal_id,
            portfolio=self._portfolio,
            symbol=trade.symbol,
            side=trade.side,
            quantity=to_micro(verdict.quantity),
            price=trade.price,
            stop_risk=stop_risk,
            reduces=trade.reduces,
        )

    def _note_verdict(self, verdict: RiskVerdict, status: ProposalStatus) -> None:
        detail = {
            "version": verdict.version,
            "phase": verdict.phase.value,
            "decision": verdict.decision.value,
            "quantity": verdict.quantity,
            "status": status.value,
            "breached": " ".join(verdict.breached),
        }
        subject = f"P-{verdict.proposal_id}"
        append(self._session, self._clock.wall(), self._portfolio, "verdict_recorded", subject, detail, "desk")

    def _row(self, proposal_id: str) -> ProposalRow:
        row = hold_proposal(self._session, proposal_id)
        if row.portfolio != self._portfolio:
            raise NotFound(f"P-{proposal_id} belongs to portfolio {row.portfolio!r}, not {self._portfolio!r}")
        return row
