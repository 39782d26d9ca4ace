"""What recall costs among ten thousand episodes, on both stores, beside bare SQL that finds the same."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, timedelta
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import psycopg

from benchmarks.figure import Figure, Timed, timed
from domain.episodes import Episode, situation_text
from memory.episodes.hashed import embed_text
from memory.episodes.index import Mem0Index
from memory.episodes.settings import MemorySettings
from memory.postgres import PostgresUrl
from tests.evals.builders import an_episode
from tests.standins.postgres import CannotStart, started

EPISODES = 10_000
SYMBOLS = 20
TOLD = 5
START, LATER = date(2020, 1, 1), date(2021, 1, 1)
AFTER = 1_609_459_200
"""LATER in seconds since 1970."""
GOAL = 50.0
TIMES = 101
SQLITE = """
SELECT json_extract(payload, '$.episode'), vector FROM vectors
WHERE json_extract(payload, '$.user_id') = 'demo' AND json_extract(payload, '$.symbol') = ?
AND json_extract(payload, '$.decided') < ?
"""
POSTGRES = """
SELECT payload->>'episode', vector <=> %s::vector AS far FROM episodes
WHERE payload->>'user_id' = 'demo' AND payload->>'symbol' = %s AND (payload->>'decided')::numeric < %s
ORDER BY far LIMIT %s
"""
Ask = Callable[[str, str], list[str]]
"""Takes a text and a symbol; finds the episodes closest to it."""


def measure() -> Iterator[Figure]:
    with TemporaryDirectory() as folder, closing(Mem0Index(Path(folder), settings("embedded"))) as index:
        yield from _measured("embedded", index, lambda: _in_sqlite(Path(folder) / "episodes.sqlite"))
    try:
        with started() as server, TemporaryDirectory() as folder:
            database = PostgresUrl(server.url(server.create()))
            with closing(Mem0Index(Path(folder), settings("pgvector"), database)) as index:
                yield from _measured("pgvector", index, lambda: _in_postgres(database))
    except CannotStart as error:
        yield Figure(f"pgvector: not measured, {error}", float("nan"), "ms")


def settings(store: str) -> MemorySettings:
    """Say where the index lives, whatever the environment says."""
    return MemorySettings.model_validate({"pm_memory": store, "pm_embedder": "hashed"})


def episodes(count: int = EPISODES) -> Iterator[Episode]:
    """Make decisions about SYMBOLS names on 300 days, no two in the same words and situation."""
    for number in range(count):
        symbol = f"S{number % SYMBOLS}"
        yield an_episode(
            f"E{number:05d}",
            session=START + timedelta(days=number % 300),
            symbol=symbol,
            situation={
                "style": "trend",
                "regime": ("calm", "stressed")[number // 7 % 2],
                "signal": str(number // 3 % 5),
            },
            evidence=(f"{symbol}.momentum_12_1", f"{symbol}.return_{number % 9}"),
            bull_case=f"momentum is strong, {number} on the list",
            bear_case="it has risen far" if number % 3 else "earnings are near",
        )


def _measured(store: str, index: Mem0Index, bare: Callable[[], Ask]) -> Iterator[Figure]:
    filled = timed(lambda: [index.add(episode) for episode in episodes()], 1)
    asked = situation_text(
        an_episode("now", symbol="S0", situation={"style": "trend", "regime": "calm", "signal": "4"})
    )

    def ours(text: str, symbol: str) -> list[str]:
        return list(index.similar(text, "demo", LATER, symbol=symbol, limit=TOLD))

    by_hand = bare()
    assert set(ours(asked, "S7")) == set(by_hand(asked, "S7"))
    took, bare_took = _timed(ours, asked), _timed(by_hand, asked)
    yield Figure(f"{store}: recall of {TOLD} among {EPISODES:,}, one symbol, median", 1_000 * took.wall, "ms", GOAL)
    yield Figure("  of that, processor time of ours", 1_000 * took.cpu, "ms")
    yield Figure("  the same in bare SQL", 1_000 * bare_took.wall, "ms")
    yield Figure("  recall / bare SQL", took.wall / bare_took.wall, "x")
    yield Figure("  adding one", 1_000 * filled.wall / EPISODES, "ms")


def _timed(ask: Ask, text: str) -> Timed:
    symbols = cycle(f"S{number}" for number in range(SYMBOLS))
    return timed(lambda: ask(text, next(symbols)), TIMES)


def _in_sqlite(file: Path) -> Ask:
    connection = sqlite3.connect(file)

    def ask(text: str, symbol: str) -> list[str]:
        rows = connection.execute(SQLITE, (symbol, AFTER)).fetchall()
        vectors = np.frombuffer(b"".join(vector for _, vector in rows), dtype=np.float32).reshape(len(rows), -1)
        return [rows[row][0] for row in np.argsort(-(vectors @ embed_text(text)))[:TOLD]]

    return ask


def _in_postgres(database: PostgresUrl) -> Ask:
    connection = psycopg.connect(database.for_psycopg, autocommit=True)

    def ask(text: str, symbol: str) -> list[str]:
        wanted = str(embed_text(text).tolist())
        return [row[0] for row in connection.execute(POSTGRES, (wanted, symbol, AFTER, TOLD)).fetchall()]

    return ask
