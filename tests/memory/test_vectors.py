"""The embedded vector store: exact search with filters, right under threads and processes."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from domain.errors import BadInput
from memory.episodes.vectors import SqliteVectors

DIMENSIONS = 8
WRITER = """
import json, sys
sys.path.insert(0, sys.argv[1])
import numpy as np
from memory.episodes.vectors import SqliteVectors
store, name = SqliteVectors(sys.argv[2], 8), sys.argv[3]
for number in range(100):
    store.insert([np.eye(8)[number % 8]], [{"user_id": "demo", "by": name}], [f"{name}{number}"])
"""


@pytest.fixture
def store(tmp_path):
    made = SqliteVectors(str(tmp_path), DIMENSIONS)
    yield made
    made.close()


def unit(place):
    return np.eye(DIMENSIONS)[place].tolist()


def test_the_closest_come_first_among_what_passes_the_filters(store):
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(200, DIMENSIONS))
    payloads = [{"user_id": "demo", "symbol": f"S{i % 4}", "decided": i} for i in range(200)]
    store.insert(vectors.tolist(), payloads, [f"v{i}" for i in range(200)])
    asked = rng.normal(size=DIMENSIONS)

    found = store.search("", asked.tolist(), top_k=7, filters={"symbol": "S1", "decided": {"lt": 150}})

    cosines = vectors @ asked / np.linalg.norm(vectors, axis=1) / np.linalg.norm(asked)
    right = [f"v{i}" for i in np.argsort(-cosines) if i % 4 == 1 and i < 150][:7]
    assert [one.id for one in found] == right
    assert found[0].score == pytest.approx(cosines[int(right[0][1:])], abs=1e-5)


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        ({"n": {"lt": 1}}, ["a"]),
        ({"n": {"gte": 1, "lte": 1}}, ["b"]),
        ({"n": {"gt": 1}}, ["c"]),
        ({"n": {"in": [0, 2]}}, ["a", "c"]),
        ({"n": {"eq": 2}}, ["c"]),
        ({"missing": {"lt": 9}}, []),
        ({"n": {"like": 1}}, []),
        (None, ["a", "b", "c"]),
    ],
)
def test_filters_are_those_that_mem0_sends(store, filters, ids):
    store.insert([unit(0)] * 3, [{"n": n} for n in range(3)], ["a", "b", "c"])

    assert [one.id for one in store.list(filters)[0]] == ids


def test_an_id_is_overwritten_updated_and_removed(store):
    store.insert([unit(0)], [{"n": 1}], ["a"])
    store.insert([unit(1)], [{"n": 2}], ["a"])
    store.update("a", payload={"n": 3})
    store.update("b", payload={"n": 4})

    assert (store.get("a").payload, store.get("b"), store.col_info()["count"]) == ({"n": 3}, None, 1)
    assert store.search("", unit(1))[0].score == pytest.approx(1.0)

    store.delete("a")

    assert (store.search("", unit(1)), store.list()[0]) == ([], [])


def test_a_vector_of_another_length_is_refused(store):
    with pytest.raises(BadInput, match="pm memory rebuild"):
        store.insert([[1.0, 2.0]], [{}], ["a"])
    assert store.list()[0] == []


def test_another_reader_sees_additions_and_removals(store, tmp_path):
    other = SqliteVectors(str(tmp_path), DIMENSIONS)
    store.insert([unit(0), unit(1)], [{}, {}], ["a", "b"])
    before = [one.id for one in other.list()[0]]
    store.delete("a")
    store.insert([unit(2)], [{}], ["c"])

    assert (before, [one.id for one in other.list()[0]]) == (["a", "b"], ["b", "c"])

    store.delete_col()

    assert other.search("", unit(0)) == []
    other.close()


@pytest.mark.process
def test_two_processes_and_four_threads_lose_nothing(store, tmp_path):
    here = str(Path(__file__).parents[2])
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, here, str(tmp_path), name]) for name in ("p", "q")]

    def work(name):
        for number in range(50):
            store.insert([unit(number % 8)], [{"user_id": "demo", "by": name}], [f"{name}{number}"])
            assert store.search("", unit(number % 8), filters={"by": name})
        return name

    with ThreadPoolExecutor(4) as pool:
        names = list(pool.map(work, "abcd"))
    assert [writer.wait(60) for writer in writers] == [0, 0]

    counts = {name: len(store.list({"by": name})[0]) for name in (*names, "p", "q")}
    assert counts == {"a": 50, "b": 50, "c": 50, "d": 50, "p": 100, "q": 100}
    assert json.dumps(store.list_cols()) == '["episodes"]'
