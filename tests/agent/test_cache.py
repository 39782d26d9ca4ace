"""The cache of answers."""

from concurrent.futures import ThreadPoolExecutor

from agent.cache import AnswerCache

KEY = "ab" * 32


def test_an_answer_is_found_again_by_its_digest(tmp_path):
    AnswerCache(tmp_path).write(KEY, "model", "Ä")

    assert AnswerCache(tmp_path).read(KEY) == "Ä"
    assert AnswerCache(tmp_path).read("cd" * 32) is None


def test_a_damaged_entry_counts_as_absent_and_is_rewritten(tmp_path):
    cache = AnswerCache(tmp_path)
    cache.write(KEY, "model", "first")
    (path,) = tmp_path.rglob("*.json")
    for damage in (b"", b'{"answer": ', b"\xff\xfe", b"[]", b'{"answer": 3}', b"[" * 5_000):
        path.write_bytes(damage)
        assert cache.read(KEY) is None

    cache.write(KEY, "model", "second")

    assert cache.read(KEY) == "second"


def test_an_entry_under_a_wrong_name_is_not_believed(tmp_path):
    cache = AnswerCache(tmp_path)
    cache.write(KEY, "model", "text")
    (path,) = tmp_path.rglob("*.json")
    other = "ab" + "cd" * 31

    path.rename(path.with_name(f"{other}.json"))

    assert cache.read(other) is None


def test_many_writers_leave_one_whole_file(tmp_path):
    cache = AnswerCache(tmp_path)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: cache.write(KEY, "model", str(number) * 5_000), range(64)))

    assert len(set(cache.read(KEY))) <= 2
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1
