"""The audit chain: each row's hash covers its fact and the hash before it; the head says where the chain ends."""

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlmodel import Session, col, select

from domain.errors import LedgerDamaged
from domain.ids import canonical, digest
from memory.ledger.sql import insert_once
from memory.ledger.tables import AuditHeadRow, AuditTableRow

Detail = Mapping[str, str | int | float | bool | None]
GENESIS = "0" * 64
REMEDY = "keep this PM_HOME for examination and restore a copy"


def append(session: Session, at: datetime, chain: str, action: str, subject: str, detail: Detail, actor: str) -> None:
    """Append one row in the transaction of its fact."""
    head = _head(session, chain)
    row = AuditTableRow(
        chain=chain,
        sequence=head.length + 1,
        at=at.astimezone(UTC),
        actor=actor,
        action=action,
        subject=subject,
        detail=canonical(dict(detail)),
        previous_hash=head.hash,
        hash="",
    )
    row.hash = row_hash(row)
    session.add(row)
    head.length, head.hash = row.sequence, row.hash
    session.flush()


def row_hash(row: AuditTableRow) -> str:
    """Hash everything a row says, and the hash it stands on."""
    said = [row.chain, row.sequence, row.at.isoformat(), row.actor, row.action, row.subject, row.detail]
    return digest([*said, row.previous_hash])


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


def _head(session: Session, chain: str) -> AuditHeadRow:
    """Lock the chain's end; a transaction that has it keeps it."""
    heads: dict[str, AuditHeadRow] = session.info.setdefault("audit_heads", {})
    if chain not in heads:
        locked = select(AuditHeadRow).where(AuditHeadRow.chain == chain).with_for_update()
        head = session.exec(locked).first()
        if head is None:
            insert_once(session, AuditHeadRow(chain=chain, length=0, hash=GENESIS))
            head = session.exec(locked).one()
        heads[chain] = head
    return heads[chain]
