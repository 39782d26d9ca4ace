"""Snapshots by reference: their bars stand in blocks of one month, which the snapshots of other days share."""

import hashlib
import json
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session

from domain.errors import LedgerDamaged, NotFound
from domain.ids import canonical
from domain.market import BARS, MarketSnapshot
from memory.ledger import documents
from memory.ledger.engine import RESTORE
from memory.ledger.sql import add_once
from memory.ledger.tables import SnapshotRow

KIND, BLOCK = "snapshot", "bars"
MOST_KNOWN = 4096
DOUBLE = 8
"""Bytes of a number."""


def store_snapshot(session: Session, snapshot: MarketSnapshot, known: set[str]) -> str:
    """Store a snapshot unless it is there; `known` are digests of blocks that are stored, and grows."""
    if documents.is_stored(session, snapshot.digest):
        return snapshot.digest
    columns = [
        [symbol, name]
        for symbol in sorted(snapshot.history)
        for name in BARS
        if getattr(snapshot.history[symbol], name)
    ]
    blocks = []
    for block in _blocks(snapshot, columns):
        digest = hashlib.sha256(block).hexdigest()
        blocks.append(digest)
        if digest not in known:
            add_once(session, SnapshotRow, digest=digest, kind=BLOCK, body=zlib.compress(block, level=1))
            if len(known) >= MOST_KNOWN:
                known.clear()
            known.add(digest)
    body = canonical({"told": snapshot.told(), "columns": columns, "blocks": blocks})
    add_once(session, SnapshotRow, digest=snapshot.digest, kind=KIND, body=zlib.compress(body.encode(), level=1))
    return snapshot.digest


def read_snapshot(session: Session, digest: str) -> MarketSnapshot:
    """Put a snapshot together again.

    Raises:
        NotFound: there is none.
        LedgerDamaged: a part is missing, or together they are not what the digest says.
    """
    body = documents.body_of(session, KIND, digest)
    try:
        said = json.loads(body)
        sessions, bars = _bars(session, said["blocks"], len(said["columns"]))
        told: dict[str, Any] = said["told"]
        for (symbol, name), values in zip(said["columns"], bars, strict=True):
            told["history"][symbol][name] = tuple(values)
        snapshot = MarketSnapshot.model_validate({**told, "sessions": sessions})
    except (NotFound, ValueError, KeyError, ValidationError) as error:
        raise LedgerDamaged(f"{KIND} {digest[:12]} can't be put together: {type(error).__name__}", RESTORE) from error
    if snapshot.digest != digest:
        raise LedgerDamaged(f"{KIND} {digest[:12]} does not match its digest", RESTORE)
    return snapshot


def _blocks(snapshot: MarketSnapshot, columns: Sequence[Sequence[str]]) -> Iterator[bytes]:
    """One block a month: the ordinals of its sessions, then each column's numbers, all as doubles."""
    series = [snapshot.history[symbol].doubles[name] for symbol, name in columns]
    ordinals, start = array("d", map(date.toordinal, snapshot.sessions)).tobytes(), 0
    while start < len(snapshot.sessions):
        end = bisect_left(snapshot.sessions, _next_month(snapshot.sessions[start]), start)
        bounds = slice(DOUBLE * start, DOUBLE * end)
        yield b"".join((ordinals[bounds], *[column[bounds] for column in series]))
        start = end


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def _bars(session: Session, blocks: Sequence[str], width: int) -> tuple[list[date], "list[array[float]]"]:
    days, columns = array("d"), [array("d") for _ in range(width)]
    for digest in blocks:
        numbers = array("d", documents.body_of(session, BLOCK, digest))
        rows = len(numbers) // (width + 1)
        days.extend(numbers[:rows])
        for at, column in enumerate(columns, start=1):
            column.extend(numbers[at * rows : (at + 1) * rows])
    return [date.fromordinal(int(day)) for day in days], columns
