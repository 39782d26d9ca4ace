"""Mem0 as the index of episodes, on the embedded store and on pgvector; no traffic without keys."""

import random
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest

from domain.episodes import situation_text
from domain.errors import OperatorNeeded
from memory.episodes.index import Mem0Index
from memory.episodes.settings import MemorySettings
from memory.postgres import PostgresUrl
from tests.evals.builders import an_episode

START = date(2020, 1, 1)
LATER = date(2021, 1, 1)
CALM = {"style": "trend", "regime": "calm", "signal": "4"}
STRESSED = {"style": "trend", "regime": "stressed", "signal": "0"}


def settings(**fields):
    return MemorySettings(_env_file=None, **fields)


class Place:
    """Where an index lives, for this process and for others; `lose` takes all of it away, behind its back."""

    def __init__(self, kind, folder, database=None):
        self.kind, self.folder, self.database = kind, folder, database

    def open(self):
        return Mem0Index(self.folder, settings(pm_memory=self.kind), self.database and PostgresUrl(self.database))

    def lose(self):
        shutil.rmtree(self.folder)
        if self.database:
            with psycopg.connect(PostgresUrl(self.database).for_psycopg) as connection:
                connection.execute("DROP TABLE episodes")


@pytest.fixture(params=["embedded", "pgvector"])
def place(request, tmp_path):
    if request.param == "embedded":
        yield Place("embedded", tmp_path / "memory")
        return
    cluster = request.getfixturevalue("postgres")
    name = cluster.create()
    yield Place("pgvector", tmp_path / "memory", cluster.url(name))
    cluster.drop(name)


@pytest.fixture
def index(place):
    made = place.open()
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


def test_a_lost_index_is_rebuilt_to_the_same_recall(place):
    """Five situations for sixty decisions: nearly every answer has to choose among equally close ones."""
    kept, chance = episodes(60), random.Random(4)
    index = place.open()
    for episode in chance.sample(kept, 60):
        index.add(episode)
    before = answers(index)
    index.close()
    place.lose()

    index = place.open()
    empty = answers(index)
    index.rebuild("demo", kept)
    after = answers(index)
    index.close()

    assert set(empty.values()) == {()}
    assert after == before
    assert len({found for found in before.values() if found}) > 10


def test_both_stores_recall_the_same(tmp_path, postgres):
    places = (
        Place("embedded", tmp_path / "one"),
        Place("pgvector", tmp_path / "two", postgres.url(postgres.create())),
    )
    told = []
    for place in places:
        index = place.open()
        index.rebuild("demo", episodes(60))
        told.append(answers(index))
        index.close()

    assert told[0] == told[1]


@pytest.mark.process
def test_four_threads_and_two_processes_index_the_same_episodes_once_each(place):
    """All six add every one of them in the same order, and look for what they have just added."""
    alone = Place("embedded", place.folder.with_name("alone")).open()
    alone.rebuild("demo", episodes(40))
    here, index = str(Path(__file__).parents[2]), place.open()
    given = [here, place.kind, str(place.folder), place.database or ""]
    others = [subprocess.Popen([sys.executable, "-c", OTHER, *given], stdout=subprocess.PIPE) for _ in range(2)]
    assert [other.stdout.readline() for other in others] == [b"ready\n"] * 2

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add_all, [index] * 4))
    ended = [other.wait(120) for other in others]
    found, wanted = answers(index), answers(alone)
    rows = index._opened().vector_store.list(filters={"user_id": "demo"}, top_k=1000)[0]
    alone.close()
    index.close()

    assert ended == [0, 0]
    assert sorted(row.payload["episode"] for row in rows) == [f"E{i:03d}" for i in range(40)]
    assert found == wanted


OTHER = """
import sys
here, kind, folder, database = sys.argv[1:]
sys.path.insert(0, here)
from pathlib import Path
from tests.memory.test_episode_index import LATER, Place, add_all
index = Place(kind, Path(folder), database).open()
index.similar("ready", "demo", LATER)
print("ready", flush=True)
add_all(index)
index.close()
"""


def add_all(index):
    """Add forty, and find each."""
    for episode in episodes(40):
        index.add(episode)
        assert episode.id in index.similar(situation_text(episode), "demo", LATER, symbol=episode.symbol, limit=40)


def answers(index):
    """What is recalled, best first: by symbol and without, of two situations, before several days."""
    return {
        (text, before, symbol): index.similar(text, "demo", START + timedelta(days=before), symbol=symbol, limit=5)
        for text in ("regime=calm signal=4 momentum is strong", "regime=stressed signal=0 it has fallen far")
        for before in (0, 7, 30, 100)
        for symbol in (None, "S0", "S1", "S2", "OTHER")
    }


@pytest.mark.process
@pytest.mark.parametrize(("first", "heard"), [("", False), ("import mem0.memory.telemetry", True)])
def test_no_process_opens_a_socket_by_default(tmp_path, first, heard):
    """Audited by the interpreter to its very end; were Mem0's own telemetry on, the trace would show it."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "MEM0_DIR": str(tmp_path / "mem0")}
    script = TRACED.format(first=first)
    here = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", script, here, str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )

    assert "found ('E',)" in done.stdout
    assert ("to the network: socket." in done.stderr) is heard


TRACED = """
import os, sys
sys.path.insert(0, sys.argv[1])
NETWORK = {{"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.sendmsg"}}
def hear(event, given):
    if event in NETWORK:
        os.write(2, f"to the network: {{event}} {{given}}\\n".encode())
        raise OSError("not from a test")
sys.addaudithook(hear)
{first}
from datetime import date
from pathlib import Path
from memory.episodes.index import Mem0Index
from memory.episodes.settings import MemorySettings
from tests.evals.builders import an_episode
index = Mem0Index(Path(sys.argv[2]) / "memory", MemorySettings(_env_file=None))
index.add(an_episode("E"))
print("found", index.similar("anything", "demo", date(2021, 1, 1)))
index.forget("demo", "E")
index.rebuild("demo", [an_episode("E")])
index.close()
"""


@pytest.mark.parametrize("fields", [{"pm_memory": "pgvector"}, {"pm_embedder": "openai"}])
def test_what_is_missing_is_named(fields, tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    with pytest.raises(OperatorNeeded, match=r"PM_DATABASE_URL|OPENAI_API_KEY"):
        Mem0Index(tmp_path, settings(**fields))
