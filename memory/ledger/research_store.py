"""What a run knew and what the analyst said: snapshots and scans under their digest, notes, theses, calls."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import TypeVar

import sqlalchemy as sa
from sqlmodel import col, select

from domain.judgement import Judgement, PolicyText
from domain.market import MarketSnapshot
from domain.ports import Clock
from domain.research import Answer, ModelCall, ResearchNote, Thesis
from domain.scan import Scan
from memory.ledger import documents
from memory.ledger.engine import Database
from memory.ledger.part import Part
from memory.ledger.prepared import Prepared
from memory.ledger.snapshots import read_snapshot, store_snapshot
from memory.ledger.spending_store import store_calls
from memory.ledger.sql import put, run, table_of
from memory.ledger.tables import ModelCallRow, ResearchNoteRow, ThesisRow

THESES = table_of(ThesisRow)
ARGUED = Prepared(
    sa.select(THESES.c.thesis)
    .where(THESES.c.portfolio == sa.bindparam("whose"), THESES.c.slot == sa.bindparam("slot"))
    .order_by(THESES.c.symbol)
)
D = TypeVar("D", Scan, Judgement, PolicyText)
Known = documents.Document | MarketSnapshot
REMEMBERED = 8


class ResearchPart(Part):
    """Implements the rest of `domain.storage.RunStore`.

    The newest documents are also kept as values: under a digest there is never anything else.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__(database, clock)
        self._recent: OrderedDict[str, Known] = OrderedDict()
        self._recent_lock = threading.Lock()
        self._blocks: set[str] = set()

    def save_snapshot(self, snapshot: MarketSnapshot) -> str:
        """Store a snapshot once under its digest; return the digest."""
        if self._recall(snapshot.digest) is None:
            with self._database.read() as session:
                stored = documents.is_stored(session, snapshot.digest)
            if not stored:
                self._store_snapshot(snapshot)
            self._keep(snapshot)
        return snapshot.digest

    def snapshot(self, digest: str) -> MarketSnapshot:
        """Read a snapshot."""
        known = self._recall(digest)
        if isinstance(known, MarketSnapshot):
            return known
        with self._database.read() as session:
            snapshot = read_snapshot(session, digest)
        self._keep(snapshot)
        return snapshot

    def save_scan(self, scan: Scan) -> str:
        """Store a scan once under its digest; return the digest."""
        return self._save("scan", scan)

    def scan(self, digest: str) -> Scan:
        """Read a scan."""
        return self._load("scan", digest, Scan)

    def judgement(self, digest: str) -> Judgement:
        """Read what a verdict was made from."""
        return self._load("judgement", digest, Judgement)

    def policy(self, digest: str) -> PolicyText:
        """Read a policy as it was in force."""
        return self._load("policy", digest, PolicyText)

    def save_note(self, portfolio: str, slot: str, answer: Answer[ResearchNote]) -> None:
        """Store the research of a run, and its calls; the newest answer stands."""
        note = answer.value.model_dump(mode="json") if answer.value else None
        with self._database.write(portfolio) as session:
            put(session, ResearchNoteRow, portfolio=portfolio, slot=slot, note=note, problem=answer.problem)
            store_calls(session, self._clock.wall(), portfolio, slot, answer.calls)

    def save_thesis(self, portfolio: str, slot: str, symbol: str, answer: Answer[Thesis]) -> None:
        """Store the thesis of one symbol (or why there is none), and its calls; the newest answer stands."""
        thesis = answer.value.model_dump(mode="json") if answer.value else None
        row = {"portfolio": portfolio, "slot": slot, "symbol": symbol, "thesis": thesis, "problem": answer.problem}
        with self._database.write(portfolio) as session:
            put(session, ThesisRow, **row)
            store_calls(session, self._clock.wall(), portfolio, slot, answer.calls)

    def save_calls(self, portfolio: str, slot: str, calls: Sequence[ModelCall]) -> None:
        """Store model calls, each once, and settle what was set aside for them."""
        with self._database.write(portfolio) as session:
            store_calls(session, self._clock.wall(), portfolio, slot, calls)

    def note(self, portfolio: str, slot: str) -> ResearchNote | None:
        """Read the research of a run."""
        with self._database.read() as session:
            row = session.get(ResearchNoteRow, (portfolio, slot))
            return ResearchNote.model_validate(row.note) if row and row.note else None

    def theses(self, portfolio: str, slot: str) -> tuple[Thesis, ...]:
        """Read the theses of a run, by symbol."""
        with self._database.read() as session:
            told = run(session, ARGUED, whose=portfolio, slot=slot).scalars()
        return tuple(Thesis.model_validate(thesis) for thesis in told if thesis)

    def calls(self, portfolio: str, slot: str) -> tuple[ModelCall, ...]:
        """Read the model calls of a run."""
        of_run = select(ModelCallRow).where(ModelCallRow.portfolio == portfolio, ModelCallRow.slot == slot)
        with self._database.read() as session:
            rows = session.exec(of_run.order_by(col(ModelCallRow.number))).all()
        return tuple(ModelCall.model_validate(row.model_dump(include=set(ModelCall.model_fields))) for row in rows)

    def _store_snapshot(self, snapshot: MarketSnapshot) -> None:
        # A copy: what another transaction is about to store, or to roll back, is not there yet.
        known = set(self._blocks)
        with self._database.write() as session:
            store_snapshot(session, snapshot, known)
        self._blocks = known

    def _save(self, kind: str, value: documents.Document) -> str:
        if self._recall(value.digest) is None:
            with self._database.read() as session:
                stored = documents.is_stored(session, value.digest)
            if not stored:
                with self._database.write() as session:
                    documents.store(session, kind, value)
            self._keep(value)
        return value.digest

    def _load(self, kind: str, digest: str, shape: type[D]) -> D:
        known = self._recall(digest)
        if isinstance(known, shape):
            return known
        with self._database.read() as session:
            value = shape.model_validate_json(documents.read(session, kind, digest))
        self._keep(value)
        return value

    def _recall(self, digest: str) -> Known | None:
        with self._recent_lock:
            return self._recent.get(digest)

    def _keep(self, value: Known) -> None:
        with self._recent_lock:
            self._recent[value.digest] = value
            while len(self._recent) > REMEMBERED:
                self._recent.popitem(last=False)
