"""Documents under the digest of their content: snapshots, scans, judgements, policies; stored once, compressed."""

import hashlib
import zlib
from typing import Protocol

from sqlalchemy import bindparam, select
from sqlmodel import Session

from domain.errors import LedgerDamaged, NotFound
from memory.ledger.engine import RESTORE
from memory.ledger.prepared import Prepared
from memory.ledger.sql import add_once, run, table_of
from memory.ledger.tables import SnapshotRow

DOCUMENTS = table_of(SnapshotRow)
THERE = Prepared(select(DOCUMENTS.c.digest).where(DOCUMENTS.c.digest == bindparam("digest")))


class Document(Protocol):
    """A value that knows the digest of its content."""

    @property
    def digest(self) -> str:
        """64 hexadecimal characters."""

    @property
    def content(self) -> str:
        """The content as canonical JSON."""


def is_stored(session: Session, digest: str) -> bool:
    """Whether the document is there."""
    return run(session, THERE, digest=digest).first() is not None


def store(session: Session, kind: str, document: Document) -> str:
    """Store a document unless it is there; return its digest."""
    if not is_stored(session, document.digest):
        body = zlib.compress(document.content.encode(), level=1)
        add_once(session, SnapshotRow, digest=document.digest, kind=kind, body=body)
    return document.digest


def read(session: Session, kind: str, digest: str) -> bytes:
    """Read a document's JSON.

    Raises:
        NotFound: there is none of this kind.
        LedgerDamaged: it can't be read, or is not what its digest says.
    """
    text = body_of(session, kind, digest)
    if hashlib.sha256(text).hexdigest() != digest:
        raise LedgerDamaged(f"{kind} {digest[:12]} does not match its digest", RESTORE)
    return text


def body_of(session: Session, kind: str, digest: str) -> bytes:
    """Unpack what is stored under a digest, unchecked; raises NotFound, LedgerDamaged."""
    row = session.get(SnapshotRow, digest)
    if row is None or row.kind != kind:
        raise NotFound(f"no {kind} {digest[:12]}", "its run was made in another PM_HOME")
    try:
        return zlib.decompress(row.body)
    except zlib.error as error:
        raise LedgerDamaged(f"{kind} {digest[:12]} can't be read: {error}", RESTORE) from error
