"""The embedded vector store behind Mem0: one SQLite file, searched exactly, by any number of threads and processes."""

import json
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.errors import BadInput

SCHEMA = """
CREATE TABLE IF NOT EXISTS vectors (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, vector BLOB NOT NULL, payload TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS changes (one INTEGER PRIMARY KEY CHECK (one = 1), removals INTEGER NOT NULL);
INSERT OR IGNORE INTO changes VALUES (1, 0);
CREATE INDEX IF NOT EXISTS vectors_episode ON vectors (
    json_extract(payload, '$.user_id'), json_extract(payload, '$.episode')
);
"""
BUSY_SECONDS = 10.0
DIGITS = 6
"""Closeness is compared to so many digits: beyond them it depends on the order of additions."""
ASKED_FOR = ("user_id", "symbol", "episode")
"""What nearly every question filters by: looked up instead of compared row by row."""
TAKEN = """
SELECT 1 FROM vectors WHERE json_extract(payload, '$.user_id') = ? AND json_extract(payload, '$.episode') = ?
"""


class Found(NamedTuple):
    """One stored vector as Mem0 reads it; `score` is the cosine with what was asked for, None in a listing."""

    id: str
    score: float | None
    payload: dict[str, Any]


class SqliteVectors:
    """Implements what Mem0 asks of a vector store. Each process keeps a copy in memory and follows the file.

    New rows are read by number; after a removal, by anybody, the copy is read anew.
    """

    def __init__(self, path: str, embedding_model_dims: int, collection_name: str = "episodes", **_: object) -> None:
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._dimensions = embedding_model_dims
        self._file = folder / f"{collection_name}.sqlite"
        self._connection = sqlite3.connect(
            self._file, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(SCHEMA)
        self._newest, self._removals = 0, 0
        self._ids: list[str] = []
        self._payloads: list[dict[str, Any]] = []
        self._matrix: NDArray[np.float32] = np.empty((0, embedding_model_dims), dtype=np.float32)
        self._having: defaultdict[tuple[str, Any], list[int]] = defaultdict(list)

    def create_col(self, name: str, vector_size: int, distance: str) -> None:
        """The one collection exists from the start."""

    def insert(
        self,
        vectors: Sequence[Sequence[float]],
        payloads: Sequence[Mapping[str, Any]] | None = None,
        ids: Sequence[str] | None = None,
    ) -> None:
        """Store vectors; an id that exists is overwritten, and an episode of a portfolio stored once, whoever comes."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                for name, vector, payload in zip(ids or (), vectors, payloads or (), strict=True):
                    if self._connection.execute("DELETE FROM vectors WHERE id = ?", (name,)).rowcount:
                        self._connection.execute("UPDATE changes SET removals = removals + 1")
                    named = (payload.get("user_id"), payload.get("episode"))
                    if self._connection.execute(TAKEN, named).fetchone():
                        continue
                    row = (name, self._bytes(vector), json.dumps(dict(payload)))
                    self._connection.execute("INSERT INTO vectors (id, vector, payload) VALUES (?, ?, ?)", row)
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise

    def search(
        self,
        query: str,  # noqa: ARG002 - Mem0's signature
        vectors: Sequence[float],
        top_k: int = 5,
        filters: Mapping[str, Any] | None = None,
    ) -> Sequence[Found]:
        """Find the `top_k` closest to one among all that pass; equally close ones oldest first, by episode."""
        with self._lock:
            self._follow()
            passing = self._passing(filters)
            if not len(passing):
                return []
            asked = np.asarray(vectors, dtype=np.float32)
            length = float(np.linalg.norm(asked)) or 1.0
            scores = np.round((self._matrix[passing] @ (asked / length)).astype(np.float64), DIGITS)
            least = np.sort(scores)[-min(top_k, len(scores))]
            near = [(-float(scores[i]), self._age(passing[i]), passing[i]) for i in np.flatnonzero(scores >= least)]
            return [
                Found(self._ids[row], max(0.0, -far), dict(self._payloads[row])) for far, _, row in sorted(near)[:top_k]
            ]

    def list(self, filters: Mapping[str, Any] | None = None, top_k: int | None = None) -> Sequence[Sequence[Found]]:
        """List what passes the filters, oldest first."""
        with self._lock:
            self._follow()
            rows = self._passing(filters)[:top_k]
            return [[Found(self._ids[row], None, dict(self._payloads[row])) for row in rows]]

    def get(self, vector_id: str) -> Found | None:
        """Read one by its id."""
        with self._lock:
            row = self._connection.execute("SELECT payload FROM vectors WHERE id = ?", (vector_id,)).fetchone()
        return Found(vector_id, None, json.loads(row[0])) if row else None

    def update(
        self, vector_id: str, vector: Sequence[float] | None = None, payload: Mapping[str, Any] | None = None
    ) -> None:
        """Replace vector, payload or both of one."""
        with self._lock:
            row = self._connection.execute("SELECT vector, payload FROM vectors WHERE id = ?", (vector_id,)).fetchone()
            if row is None:
                return
            kept = np.frombuffer(row[0], dtype=np.float32).tolist()
            self.insert([vector or kept], [payload or json.loads(row[1])], [vector_id])

    def delete(self, vector_id: str) -> None:
        """Remove one."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute("DELETE FROM vectors WHERE id = ?", (vector_id,))
            self._connection.execute("UPDATE changes SET removals = removals + 1")
            self._connection.execute("COMMIT")

    def reset(self) -> None:
        """Remove all."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute("DELETE FROM vectors")
            self._connection.execute("UPDATE changes SET removals = removals + 1")
            self._connection.execute("COMMIT")

    def delete_col(self) -> None:
        """Remove all; the collection itself stays."""
        self.reset()

    def list_cols(self) -> Sequence[str]:
        """Name the one collection."""
        return [self._file.stem]

    def col_info(self) -> dict[str, Any]:
        """Count what is stored."""
        with self._lock:
            (count,) = self._connection.execute("SELECT count(*) FROM vectors").fetchone()
        return {"name": self._file.stem, "count": count}

    def keyword_search(self, query: str, top_k: int = 5, filters: Mapping[str, Any] | None = None) -> None:
        """Say that there is none: closeness alone decides."""

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _follow(self) -> None:
        """Bring the copy in memory up to what the file holds."""
        (removals,) = self._connection.execute("SELECT removals FROM changes").fetchone()
        if removals != self._removals:
            self._newest, self._removals = 0, removals
            self._ids.clear()
            self._payloads.clear()
            self._having.clear()
        new = self._connection.execute(
            "SELECT number, id, vector, payload FROM vectors WHERE number > ? ORDER BY number", (self._newest,)
        ).fetchall()
        if not new:
            return
        self._newest = new[-1][0]
        self._ids.extend(row[1] for row in new)
        for row, (_, _, _, written) in enumerate(new, start=len(self._payloads)):
            payload = json.loads(written)
            self._payloads.append(payload)
            for key in ASKED_FOR:
                self._having[key, payload.get(key)].append(row)
        fresh = np.frombuffer(b"".join(row[2] for row in new), dtype=np.float32).reshape(len(new), self._dimensions)
        count = len(self._ids)
        if count > len(self._matrix):
            grown = np.empty((2 * count, self._dimensions), dtype=np.float32)
            grown[: count - len(new)] = self._matrix[: count - len(new)]
            self._matrix = grown
        self._matrix[count - len(new) : count] = fresh

    def _passing(self, filters: Mapping[str, Any] | None) -> NDArray[np.int64]:
        wanted = list((filters or {}).items())
        plain = [(key, value) for key, value in wanted if key in ASKED_FOR and not isinstance(value, Mapping)]
        fewest = min((self._having.get(pair, []) for pair in plain), key=len, default=range(len(self._payloads)))
        rows = [row for row in fewest if all(_passes(self._payloads[row], key, value) for key, value in wanted)]
        return np.array(rows, dtype=np.int64)

    def _age(self, row: int) -> tuple[int, str]:
        payload = self._payloads[row]
        return payload.get("decided", 0), payload.get("episode", "")

    def _bytes(self, vector: Sequence[float]) -> bytes:
        array = np.asarray(vector, dtype=np.float32)
        if array.shape != (self._dimensions,):
            raise BadInput(
                f"a vector of {array.size} numbers in a store of {self._dimensions}",
                "rebuild the index after a change of embedder: `pm memory rebuild`",
            )
        length = float(np.linalg.norm(array))
        return (array / length if length else array).tobytes()


def _passes(payload: Mapping[str, Any], key: str, wanted: Any) -> bool:
    value = payload.get(key)
    if not isinstance(wanted, Mapping):
        return bool(value == wanted)
    for operator, limit in wanted.items():
        if operator == "in":
            good = value in limit
        elif operator == "eq":
            good = value == limit
        elif operator in {"lt", "lte", "gt", "gte"} and isinstance(value, int | float):
            good = {"lt": value < limit, "lte": value <= limit, "gt": value > limit, "gte": value >= limit}[operator]
        else:
            good = False
        if not good:
            return False
    return True
