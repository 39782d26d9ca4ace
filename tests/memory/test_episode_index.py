"""Mem0 as the index of episodes, on the embedded store and on pgvector; no traffic without keys."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest

from domain.errors import OperatorNeeded
from memory.episodes.index import Mem0Index
from memory.episodes.settings import MemorySettings
from tests.evals.builders import an_episode

START = date(2020, 1, 1)
LATER = date(2021, 1, 1)
CALM = {"style": "trend", "regime": "calm", "signal": "4"}
STRESSED = {"style": "trend", "regime": "stressed", "signal": "0"}


def settings(**fields):
    return MemorySettings(_env_file=None, **fields)


@pytest.fixture(params=["embedded", "pgvector"])
def index(request, tmp_path):
    database = None
    if request.param == "pgvector":
        cluster = request.getfixturevalue("postgres")
        name = cluster.create()
        from memory.postgres import PostgresUrl

        database = PostgresUrl(cluster.url(name))
    made = Mem0Index(tmp_path / "memory", settings(pm_memory=request.param), database)
    yield made
    made.close()


def episodes(count=30):
    return [
        an_episode(
            f"E{i:03d}",
            session=START + timedelta(days=i),
            symbol=f"S{i % 3}",
            situation=CALM if i % 2 == 0 else STRESSED,
            bull_case="momentum is strong" if i % 2 == 0 else "it has fallen far",
        )
        for i in range(count)
    ]


def test_similar_situations_of_a_symbol_are_found_and_nothing_later(index):
    for episode in episodes():
        index.add(episode)

    text = "S0 technology BUY regime=calm signal=4 style=trend momentum is strong"
    found = index.similar(text, "demo", START + timedelta(days=18), symbol="S0", limit=3)
    everything = index.similar(text, "demo", START + timedelta(days=18), limit=100)

    assert set(found) == {"E000", "E006", "E012"}
    assert {int(name[1:]) for name in everything} == set(range(18))
    assert index.similar(text, "demo", START, limit=5) == ()
    assert index.similar(text, "other", LATER, limit=5) == ()


def test_an_episode_is_indexed_once_forgotten_and_found_again_after_a_rebuild(index):
    kept = episodes(6)
    for episode in (*kept, *kept):
        index.add(episode)
    before = index.similar("regime=calm signal=4", "demo", LATER, limit=10)

    assert len(before) == 6
    assert (index.forget("demo", "E000"), index.forget("demo", "E000")) == (True, False)
    assert "E000" not in index.similar("regime=calm signal=4", "demo", LATER, limit=10)
    assert index.rebuild("demo", kept) == 6
    assert index.similar("regime=calm signal=4", "demo", LATER, limit=10) == before


def test_four_threads_add_and_ask_at_once(index):
    def work(part):
        for episode in episodes(40)[part::4]:
            index.add(episode)
            assert index.similar("regime=calm", "demo", LATER, symbol=episode.symbol, limit=3)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))

    assert len(index.similar("regime", "demo", LATER, limit=100)) == 40


def test_no_socket_is_opened_by_default(tmp_path, monkeypatch):
    opened = []
    real = socket.socket.connect

    def connect(self, address):
        opened.append(address)
        return real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **_: opened.append(args) or [])
    index = Mem0Index(tmp_path, settings())
    index.add(an_episode("E"))
    index.similar("anything", "demo", LATER)
    index.close()

    assert opened == []
    assert {path.name.split(".")[0] for path in tmp_path.iterdir()} <= {"episodes", "config"}


@pytest.mark.parametrize("fields", [{"pm_memory": "pgvector"}, {"pm_embedder": "openai"}])
def test_what_is_missing_is_named(fields, tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    with pytest.raises(OperatorNeeded, match=r"PM_DATABASE_URL|OPENAI_API_KEY"):
        Mem0Index(tmp_path, settings(**fields))


@pytest.mark.soak
def test_ten_thousand_episodes_are_recalled_within_fifty_milliseconds(index):
    many = [
        an_episode(
            f"E{i}", session=START + timedelta(days=i % 300), symbol=f"S{i % 20}", situation=CALM if i % 2 else STRESSED
        )
        for i in range(10_000)
    ]
    index.rebuild("demo", many)
    index.similar("warm", "demo", LATER)

    took = []
    for number in range(41):
        start = time.perf_counter()
        found = index.similar("regime=calm signal=4 style=trend", "demo", LATER, symbol=f"S{number % 20}", limit=5)
        took.append(time.perf_counter() - start)
        assert len(found) == 5
    median = sorted(took)[20]
    assert median <= 0.050, f"{median * 1000:.1f} ms"
