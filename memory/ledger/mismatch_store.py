"""Whether the broker agrees: differences between its account and the book, and which of them survived."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import bindparam
from sqlmodel import Session, select

from domain.orders import BrokerPosition, IntentState
from domain.records import Mismatch
from memory.ledger.accounts import hold_account, read_account
from memory.ledger.part import Part
from memory.ledger.prepared import Prepared
from memory.ledger.sql import run, table_of
from memory.ledger.tables import IntentRow, MismatchRow, PositionRow
from memory.ledger.types import to_micro

SURVIVES_SECONDS = 15.0
"""A difference to the broker that is seen again after this long has survived (live)."""
SURVIVES_SIGHTINGS = 2
"""The same in replay, where time stands still: how many looks in a row."""
CASH = "CASH"
CENT = Decimal("0.01")
"""Cash may differ by this much, for a broker that rounds."""
UNDECIDED = (IntentState.SUBMITTING, IntentState.UNKNOWN, IntentState.QUARANTINED)


POSITIONS, INTENTS, MISMATCHES = table_of(PositionRow), table_of(IntentRow), table_of(MismatchRow)
HELD = Prepared(select(POSITIONS.c.symbol, POSITIONS.c.quantity).where(POSITIONS.c.portfolio == bindparam("whose")))
UNSURE = Prepared(
    select(INTENTS.c.symbol).where(INTENTS.c.portfolio == bindparam("whose"), INTENTS.c.state.in_(UNDECIDED))
)
ANY = Prepared(select(MISMATCHES.c.symbol).where(MISMATCHES.c.portfolio == bindparam("whose")).limit(1))


class MismatchPart(Part):
    """Implements the comparison of `domain.storage.ControlStore`."""

    def compare_with_broker(
        self, portfolio: str, cash: Decimal, positions: Sequence[BrokerPosition], at: datetime
    ) -> tuple[Mismatch, ...]:
        """Compare holdings and cash with the broker's; remember what differs, forget what no longer does.

        Symbols with an order of unknown outcome are left out (that order is counted already), and cash with them: what
        was known of them stays.
        """
        theirs = {held.symbol: to_micro(held.quantity) for held in positions}
        with self._database.read() as db:
            agrees = not _differences(db, portfolio, cash, theirs) and not run(db, ANY, whose=portfolio)
            if agrees and self._clock.replay:
                return ()
        with self._database.write(portfolio) as db:
            hold_account(db, portfolio).account_seen_at = at
            found = _differences(db, portfolio, cash, theirs)
            if not found and not run(db, ANY, whose=portfolio):
                return ()
            known, unsure = {row.symbol: row for row in mismatch_rows(db, portfolio)}, _left_out(db, portfolio)
            for symbol in known.keys() - found.keys() - unsure:
                self._forget(db, known[symbol])
            return tuple(
                _to_mismatch(self._remember(db, portfolio, symbol, ours, broker, known.get(symbol), at))
                for symbol, (ours, broker) in sorted(found.items())
            )

    def mismatches(self, portfolio: str) -> tuple[Mismatch, ...]:
        """List the differences to the broker that were there at the last look, by symbol."""
        with self._database.read() as db:
            return tuple(_to_mismatch(row) for row in mismatch_rows(db, portfolio))

    def _remember(
        self,
        db: Session,
        portfolio: str,
        symbol: str,
        ours: Decimal,
        theirs: Decimal,
        row: MismatchRow | None,
        at: datetime,
    ) -> MismatchRow:
        """Keep one difference; one that survived and changes has still survived, and is told anew when it stands."""
        if row is None:
            row = MismatchRow(
                portfolio=portfolio,
                symbol=symbol,
                book=ours,
                broker=theirs,
                first_seen=at,
                last_seen=at,
                sightings=0,
                survived=False,
            )
            db.add(row)
        elif row.broker - row.book != theirs - ours:
            row.first_seen, row.last_seen, row.sightings = at, at, 0
        stood = self._stands(row)
        row.book, row.broker, row.last_seen, row.sightings = ours, theirs, at, row.sightings + 1
        if self._stands(row) and not stood:
            row.survived = True
            self._note(db, portfolio, "mismatch_survived", symbol, {"book": str(ours), "broker": str(theirs)})
        db.flush()
        return row

    def _stands(self, row: MismatchRow) -> bool:
        if self._clock.replay:
            return row.sightings >= SURVIVES_SIGHTINGS
        return (row.last_seen - row.first_seen).total_seconds() >= SURVIVES_SECONDS

    def _forget(self, db: Session, row: MismatchRow) -> None:
        if row.survived:
            detail = {"book": str(row.book), "broker": str(row.broker)}
            self._note(db, row.portfolio, "mismatch_gone", row.symbol, detail)
        db.delete(row)
        db.flush()


def _differences(
    db: Session, portfolio: str, cash: Decimal, theirs: Mapping[str, Decimal]
) -> dict[str, tuple[Decimal, Decimal]]:
    unsure = _left_out(db, portfolio)
    ours = {row.symbol: row.quantity for row in run(db, HELD, whose=portfolio)}
    nothing = Decimal(0)
    found = {
        symbol: (ours.get(symbol, nothing), theirs.get(symbol, nothing))
        for symbol in {*ours, *theirs} - unsure
        if ours.get(symbol, nothing) != theirs.get(symbol, nothing)
    }
    account = read_account(db, portfolio)
    if CASH not in unsure and abs(account.cash - cash) > CENT:
        found[CASH] = (account.cash, to_micro(cash))
    return found


def _left_out(db: Session, portfolio: str) -> set[str]:
    undecided = set(run(db, UNSURE, whose=portfolio).scalars())
    return undecided | {CASH} if undecided else undecided


def mismatch_rows(db: Session, portfolio: str) -> Sequence[MismatchRow]:
    """Read the differences of the last look, by symbol."""
    return db.exec(select(MismatchRow).where(MismatchRow.portfolio == portfolio).order_by(MismatchRow.symbol)).all()


def _to_mismatch(row: MismatchRow) -> Mismatch:
    return Mismatch.model_validate(row.model_dump(exclude={"portfolio"}))
