"""Mem0's store on pgvector, made exact: one row an episode, equally close ones in a fixed order, no search by words."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from mem0.vector_stores.pgvector import OutputData, PGVector, _build_filter_conditions
from psycopg import sql

from memory.postgres import advisory_key

DIGITS = 6
"""Closeness is compared to so many digits: beyond them it depends on the order of additions."""
INDEXES = (
    "CREATE INDEX IF NOT EXISTS {symbol} ON {table} ((payload->>'user_id'), (payload->>'symbol'))",
    "CREATE INDEX IF NOT EXISTS {episode} ON {table} ((payload->>'user_id'), (payload->>'episode'))",
)
"""Mem0 makes indexes for vectors and words, and none for what every question of ours filters by."""
INSERT = """
INSERT INTO {table} (id, vector, payload) SELECT %(id)s, %(vector)s, %(payload)s::jsonb WHERE NOT EXISTS (
    SELECT 1 FROM {table} WHERE payload->>'user_id' = %(user)s AND payload->>'episode' = %(episode)s)
"""
SEARCH = """
SELECT id, round((1.0 - (vector <=> %s::vector))::numeric, %s) AS score, payload FROM {table} {where}
ORDER BY score DESC, (payload->>'decided')::bigint, payload->>'episode', id LIMIT %s
"""
LIST = """
SELECT id, payload FROM {table} {where} ORDER BY (payload->>'decided')::bigint, payload->>'episode', id LIMIT %s
"""


class ExactPgVector(PGVector):  # type: ignore[misc] # Mem0 has no types
    """What Mem0 asks of a vector store, in one table of PM_DATABASE_URL."""

    def create_col(self) -> None:
        """Make extension, table and indexes: one of several first users at a time."""
        name = self.collection_name
        with self._get_cursor(commit=True) as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (advisory_key("memory", name),))
            cursor.execute("CREATE EXTENSION IF NOT EXISTS vector")
            table = "CREATE TABLE IF NOT EXISTS {} (id UUID PRIMARY KEY, vector vector({}), payload JSONB)"
            cursor.execute(sql.SQL(table).format(self._col(), sql.Literal(self.embedding_model_dims)))
            names = {key: sql.Identifier(f"{name}_{key}_idx") for key in ("symbol", "episode")}
            for statement in INDEXES:
                cursor.execute(sql.SQL(statement).format(table=self._col(), **names))

    def insert(
        self,
        vectors: Sequence[Sequence[float]],
        payloads: Sequence[Mapping[str, Any]] | None = None,
        ids: Sequence[str] | None = None,
    ) -> None:
        """Store vectors; a portfolio's episode that is there already is left as it is, whoever comes second."""
        self._ensure_collection()
        with self._get_cursor(commit=True) as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (advisory_key("memory", self.collection_name),))
            for name, vector, payload in zip(ids or (), vectors, payloads or (), strict=True):
                given = {"user": payload.get("user_id"), "episode": payload.get("episode"), "id": name}
                row = {"vector": str(list(vector)), "payload": json.dumps(dict(payload)), **given}
                cursor.execute(sql.SQL(INSERT).format(table=self._col()), row)

    def search(
        self,
        query: str,  # noqa: ARG002 - Mem0's signature
        vectors: Sequence[float],
        top_k: int | None = 5,
        filters: Mapping[str, Any] | None = None,
    ) -> list[OutputData]:
        """Find the `top_k` closest among all that pass; equally close ones oldest first, by episode."""
        rows = self._read(SEARCH, filters, [str(list(vectors)), DIGITS], top_k)
        return [OutputData(id=str(row[0]), score=max(0.0, float(row[1])), payload=row[2]) for row in rows]

    def list(self, filters: Mapping[str, Any] | None = None, top_k: int | None = 100) -> list[list[OutputData]]:
        """List what passes the filters, oldest first."""
        rows = self._read(LIST, filters, [], top_k)
        return [[OutputData(id=str(row[0]), score=None, payload=row[1]) for row in rows]]

    def keyword_search(self, query: str, top_k: int | None = 5, filters: Mapping[str, Any] | None = None) -> None:
        """Say that there is none: closeness alone decides, as in the embedded store."""

    def _read(
        self, statement: str, filters: Mapping[str, Any] | None, given: Sequence[Any], top_k: int | None
    ) -> Sequence[tuple[Any, ...]]:
        self._ensure_collection()
        conditions, values = _build_filter_conditions(filters)
        where = sql.SQL("WHERE " + " AND ".join(conditions) if conditions else "")
        with self._get_cursor() as cursor:
            cursor.execute(sql.SQL(statement).format(table=self._col(), where=where), (*given, *values, top_k))
            rows: Sequence[tuple[Any, ...]] = cursor.fetchall()
        return rows
