"""Mem0 as the index of episodes: found by what the situation was, filtered by portfolio, symbol and date."""

import logging
import os
import threading
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from domain.episodes import Episode, situation_text
from domain.errors import OperatorNeeded
from memory.episodes.hashed import DIMENSIONS
from memory.episodes.settings import MemorySettings
from memory.postgres import PostgresUrl

OURS = {"vectors": "faiss", "embedder": "huggingface", "pgvector": "pgvector"}
"""Mem0 takes only providers whose names it knows: ours stand in the places of these."""


class Mem0Index:
    """Implements `domain.episodes.EpisodeIndex`; safe between threads and processes. Mem0 is loaded at the first use.

    Nothing but ids comes back: what an episode says is read from the ledger.
    """

    def __init__(self, folder: Path, settings: MemorySettings, database: PostgresUrl | None = None) -> None:
        if settings.pm_memory == "pgvector" and database is None:
            raise OperatorNeeded("PM_MEMORY=pgvector needs PM_DATABASE_URL", "set it, or use PM_MEMORY=embedded")
        if settings.pm_embedder == "openai" and settings.openai_api_key is None:
            raise OperatorNeeded("PM_EMBEDDER=openai needs OPENAI_API_KEY", "set it, or use PM_EMBEDDER=hashed")
        self._folder = folder
        self._settings = settings
        self._database = database
        self._lock = threading.Lock()
        self._mem0: Any = None

    def add(self, episode: Episode) -> None:
        """Index an episode once; a second call changes nothing."""
        memory = self._opened()
        if self._rows(episode.portfolio, episode.id):
            return
        memory.add(
            [{"role": "user", "content": situation_text(episode)}],
            user_id=episode.portfolio,
            infer=False,
            metadata={"episode": episode.id, "symbol": episode.symbol, "decided": _epoch(episode.session)},
        )

    def similar(
        self, text: str, portfolio: str, before: date, *, symbol: str | None = None, limit: int = 5
    ) -> tuple[str, ...]:
        """Find the episodes decided before `before` whose situation is closest to `text`, best first."""
        filters: dict[str, Any] = {"user_id": portfolio, "decided": {"lt": _epoch(before)}}
        if symbol is not None:
            filters["symbol"] = symbol
        found = self._opened().search(text, filters=filters, top_k=limit, threshold=0.0)["results"]
        return tuple(dict.fromkeys(result["metadata"]["episode"] for result in found))

    def forget(self, portfolio: str, episode_id: str) -> bool:
        """Take an episode out of the index; tell whether it was there. The ledger keeps it."""
        rows = self._rows(portfolio, episode_id)
        for row in rows:
            self._opened().delete(row)
        return bool(rows)

    def clear(self, portfolio: str) -> None:
        """Take all episodes of a portfolio out of the index."""
        self._opened().delete_all(user_id=portfolio)

    def rebuild(self, portfolio: str, episodes: Iterable[Episode]) -> int:
        """Index a portfolio anew from what the ledger holds; return how many episodes that were."""
        self.clear(portfolio)
        count = 0
        for episode in episodes:
            self.add(episode)
            count += 1
        return count

    def close(self) -> None:
        """Close what was opened."""
        with self._lock:
            if self._mem0 is not None:
                store = self._mem0.vector_store
                if hasattr(store, "close"):
                    store.close()
                elif getattr(store, "connection_pool", None) is not None:
                    store.connection_pool.close()
                self._mem0.close()
                self._mem0 = None

    def _rows(self, portfolio: str, episode_id: str) -> list[str]:
        store = self._opened().vector_store
        return [row.id for row in store.list(filters={"user_id": portfolio, "episode": episode_id})[0]]

    def _opened(self) -> Any:
        with self._lock:
            if self._mem0 is None:
                self._mem0 = self._open()
            return self._mem0

    def _open(self) -> Any:
        self._folder.mkdir(parents=True, exist_ok=True)
        # Read at import: without these Mem0 calls home and writes into the home folder.
        os.environ["MEM0_TELEMETRY"] = "False"  # noqa: TID251 - a switch of the library, not a setting of ours
        os.environ["MEM0_DIR"] = str(self._folder)  # noqa: TID251 - the same
        logging.getLogger("mem0").setLevel(logging.ERROR)
        from mem0 import Memory  # noqa: PLC0415 - two seconds, only where something is remembered
        from mem0.utils.factory import EmbedderFactory, VectorStoreFactory  # noqa: PLC0415 - the same

        VectorStoreFactory.provider_to_class[OURS["vectors"]] = "memory.episodes.vectors.SqliteVectors"
        VectorStoreFactory.provider_to_class[OURS["pgvector"]] = "memory.episodes.pgvectors.ExactPgVector"
        EmbedderFactory.provider_to_class[OURS["embedder"]] = "memory.episodes.hashed.HashedEmbedder"
        made = Memory.from_config(
            {
                "vector_store": self._vectors(),
                "embedder": self._embedder(),
                "llm": {"provider": "openai", "config": {"api_key": "never-asked"}},
                "history_db_path": ":memory:",
            }
        )
        if self._database is not None and self._settings.pm_memory == "pgvector":
            made.vector_store.create_col()  # otherwise at its first use, in every thread
        return made

    def _vectors(self) -> dict[str, Any]:
        common = {"collection_name": "episodes", "embedding_model_dims": self._dimensions}
        if self._database is None or self._settings.pm_memory != "pgvector":
            return {"provider": OURS["vectors"], "config": {"path": str(self._folder), **common}}
        # An approximate index would filter after it has chosen: exact search is right, and quick enough.
        exact = {"connection_string": self._database.for_psycopg, "hnsw": False, "diskann": False}
        return {"provider": OURS["pgvector"], "config": {**exact, **common}}

    def _embedder(self) -> dict[str, Any]:
        settings = self._settings
        if settings.pm_embedder == "hashed":
            return {"provider": OURS["embedder"], "config": {"embedding_dims": DIMENSIONS}}
        assert settings.openai_api_key is not None
        return {
            "provider": "openai",
            "config": {
                "api_key": settings.openai_api_key.get_secret_value(),
                "openai_base_url": settings.openai_base_url,
                "model": settings.pm_embedding_model,
                "embedding_dims": settings.pm_embedding_dimensions,
            },
        }

    @property
    def _dimensions(self) -> int:
        return DIMENSIONS if self._settings.pm_embedder == "hashed" else self._settings.pm_embedding_dimensions


def _epoch(session: date) -> int:
    """The day as seconds since 1970: pgvector compares numbers."""
    return int(datetime(session.year, session.month, session.day, tzinfo=UTC).timestamp())
