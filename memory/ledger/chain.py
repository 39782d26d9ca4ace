"""The audit chain: each row's hash covers its fact and the hash before it; the head says where the chain ends."""

from collections.abc import Mapping
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from domain.errors import LedgerDamaged
from domain.ids import canonical, digest
from memory.ledger.prepared import Prepared
from memory.ledger.sql import insert_once, run, table_of
from memory.ledger.tables import AuditHeadRow, AuditTableRow

Detail = Mapping[str, str | int | float | bool | None]
GENESIS = "0" * 64
HEADS = "audit_heads"
FACT = ("chain", "sequence", "at", "actor", "action", "subject", "detail", "previous_hash")
"""What a row's hash covers, in this order."""
HEAD, ROWS = table_of(AuditHeadRow), table_of(AuditTableRow)
END = Prepared(sa.select(HEAD.c.length, HEAD.c.hash).where(HEAD.c.chain == sa.bindparam("of")).with_for_update())
ADD = Prepared(sa.insert(ROWS), (*FACT, "hash"))
MOVE = Prepared(sa.update(HEAD).where(HEAD.c.chain == sa.bindparam("of")), ("length", "hash"))
REMEDY = "keep this PM_HOME for examination and restore a copy"


def append(session: Session, at: datetime, chain: str, action: str, subject: str, detail: Detail, actor: str) -> None:
    """Append one row in the transaction of its fact."""
    length, previous = _head(session, chain)
    fact = (chain, length + 1, at.astimezone(UTC), actor, action, subject, canonical(dict(detail)), previous)
    own = _hash(*fact)
    run(session, ADD, **dict(zip(FACT, fact, strict=True)), hash=own)
    run(session, MOVE, of=chain, length=length + 1, hash=own)
    session.info[HEADS][chain] = length + 1, own


def row_hash(row: AuditTableRow) -> str:
    """Hash everything a row says, and the hash it stands on."""
    return _hash(*(getattr(row, name) for name in FACT))


def _hash(chain: str, sequence: int, at: datetime, *said: str) -> str:
    return digest([chain, sequence, at.isoformat(), *said])


def verify(session: Session) -> dict[str, int]:
    """Recompute every chain and return its length.

    Raises:
        LedgerDamaged: a row was changed, removed, moved or cut off; names the first.
    """
    heads = {head.chain: head for head in session.exec(select(AuditHeadRow))}
    unheaded = set(session.exec(select(AuditTableRow.chain).distinct())) - set(heads)
    if unheaded:
        raise LedgerDamaged(f"audit chain {min(unheaded)!r} has rows but no head", REMEDY)
    return {chain: _verify(session, heads[chain]) for chain in sorted(heads)}


def _verify(session: Session, head: AuditHeadRow) -> int:
    chain = select(AuditTableRow).where(AuditTableRow.chain == head.chain).order_by(col(AuditTableRow.sequence))
    length, previous = 0, GENESIS
    for row in session.exec(chain.execution_options(yield_per=500)):
        if row.sequence != length + 1:
            raise _broken(head, length + 1, "the row is missing")
        if row.previous_hash != previous:
            raise _broken(head, row.sequence, f"{row.action} {row.subject} does not follow the row before it")
        if row.hash != row_hash(row):
            raise _broken(head, row.sequence, f"{row.action} {row.subject} was changed")
        length, previous = row.sequence, row.hash
    if length < head.length:
        raise _broken(head, length + 1, f"the row is missing, {head.length} were written")
    if length > head.length or previous != head.hash:
        raise _broken(head, length, f"the chain should end at row {head.length}")
    return length


def _broken(head: AuditHeadRow, sequence: int, what: str) -> LedgerDamaged:
    return LedgerDamaged(f"audit chain {head.chain!r} is broken at row {sequence}: {what}", REMEDY)


def _head(session: Session, chain: str) -> tuple[int, str]:
    """Lock the chain's end and read its length and hash; a transaction that has it keeps it."""
    heads: dict[str, tuple[int, str]] = session.info.setdefault(HEADS, {})
    if chain not in heads:
        found = run(session, END, of=chain).first()
        if found is None:
            insert_once(session, AuditHeadRow(chain=chain, length=0, hash=GENESIS))
            found = run(session, END, of=chain)[0]
        heads[chain] = found.length, found.hash
    return heads[chain]
