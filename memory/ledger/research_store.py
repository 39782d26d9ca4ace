"""What a run knew and what the analyst said: snapshots and scans under their digest, notes, theses, calls."""

import hashlib
import zlib
from collections.abc import Sequence

from sqlmodel import Session, col, select

from domain.errors import LedgerDamaged, NotFound
from domain.ids import canonical
from domain.market import MarketSnapshot
from domain.research import Answer, ModelCall, ResearchNote, Thesis
from domain.scan import Scan
from memory.ledger.engine import RESTORE
from memory.ledger.part import Part
from memory.ledger.sql import insert_once, upsert
from memory.ledger.tables import ModelCallRow, ResearchNoteRow, SnapshotRow, ThesisRow


class ResearchPart(Part):
    """Implements the rest of `domain.storage.RunStore`."""

    def save_snapshot(self, snapshot: MarketSnapshot) -> str:
        """Store a snapshot once under its digest; return the digest."""
        return self._save("snapshot", snapshot)

    def snapshot(self, digest: str) -> MarketSnapshot:
        """Read a snapshot."""
        return MarketSnapshot.model_validate_json(self._read("snapshot", digest))

    def save_scan(self, scan: Scan) -> str:
        """Store a scan once under its digest; return the digest."""
        return self._save("scan", scan)

    def scan(self, digest: str) -> Scan:
        """Read a scan."""
        return Scan.model_validate_json(self._read("scan", digest))

    def save_note(self, portfolio: str, slot: str, answer: Answer[ResearchNote]) -> None:
        """Store the research of a run, and its calls; the newest answer stands."""
        note = answer.value.model_dump(mode="json") if answer.value else None
        with self._database.write() as session:
            upsert(session, ResearchNoteRow(portfolio=portfolio, slot=slot, note=note, problem=answer.problem))
            _add_calls(session, portfolio, slot, answer.calls)

    def save_thesis(self, portfolio: str, slot: str, symbol: str, answer: Answer[Thesis]) -> None:
        """Store the thesis of one symbol (or why there is none), and its calls; the newest answer stands."""
        thesis = answer.value.model_dump(mode="json") if answer.value else None
        row = ThesisRow(portfolio=portfolio, slot=slot, symbol=symbol, thesis=thesis, problem=answer.problem)
        with self._database.write() as session:
            upsert(session, row)
            _add_calls(session, portfolio, slot, answer.calls)

    def save_calls(self, portfolio: str, slot: str, calls: Sequence[ModelCall]) -> None:
        """Store model calls; the same (slot, node, subject, prompt) is stored once."""
        with self._database.write() as session:
            _add_calls(session, portfolio, slot, calls)

    def note(self, portfolio: str, slot: str) -> ResearchNote | None:
        """Read the research of a run."""
        with self._database.read() as session:
            row = session.get(ResearchNoteRow, (portfolio, slot))
            return ResearchNote.model_validate(row.note) if row and row.note else None

    def theses(self, portfolio: str, slot: str) -> tuple[Thesis, ...]:
        """Read the theses of a run, by symbol."""
        of_run = select(ThesisRow).where(ThesisRow.portfolio == portfolio, ThesisRow.slot == slot)
        with self._database.read() as session:
            rows = session.exec(of_run.order_by(ThesisRow.symbol)).all()
        return tuple(Thesis.model_validate(row.thesis) for row in rows if row.thesis)

    def calls(self, portfolio: str, slot: str) -> tuple[ModelCall, ...]:
        """Read the model calls of a run."""
        of_run = select(ModelCallRow).where(ModelCallRow.portfolio == portfolio, ModelCallRow.slot == slot)
        with self._database.read() as session:
            rows = session.exec(of_run.order_by(col(ModelCallRow.number))).all()
        return tuple(ModelCall.model_validate(row.model_dump(include=set(ModelCall.model_fields))) for row in rows)

    def _save(self, kind: str, value: MarketSnapshot | Scan) -> str:
        with self._database.read() as session:
            if session.get(SnapshotRow, value.digest):
                return value.digest
        body = zlib.compress(canonical(value.model_dump(mode="json")).encode(), level=1)
        with self._database.write() as session:
            insert_once(session, SnapshotRow(digest=value.digest, kind=kind, body=body))
        return value.digest

    def _read(self, kind: str, digest: str) -> bytes:
        with self._database.read() as session:
            row = session.get(SnapshotRow, digest)
            if row is None or row.kind != kind:
                raise NotFound(f"no {kind} {digest[:12]}", "its run was made in another PM_HOME")
            body = row.body
        try:
            text = zlib.decompress(body)
        except zlib.error as error:
            raise LedgerDamaged(f"{kind} {digest[:12]} can't be read: {error}", RESTORE) from error
        if hashlib.sha256(text).hexdigest() != digest:
            raise LedgerDamaged(f"{kind} {digest[:12]} does not match its digest", RESTORE)
        return text


def _add_calls(session: Session, portfolio: str, slot: str, calls: Sequence[ModelCall]) -> None:
    for call in calls:
        insert_once(session, ModelCallRow(portfolio=portfolio, slot=slot, **call.model_dump()))
