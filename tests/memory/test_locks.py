"""Locks between processes and threads, and checkpoints."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from domain.errors import Busy, LedgerDamaged
from memory.checkpoints import open_checkpoints
from memory.locks import FileLocks

REPOSITORY = Path(__file__).parents[2]
HOLD = """
import sys
from pathlib import Path
from memory.locks import FileLocks
with FileLocks(Path(sys.argv[1])).hold("run:demo/2017-05-26"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_holder_is_told_that_it_is_busy(tmp_path):
    locks = FileLocks(tmp_path / "locks")

    with locks.hold("prop:A"), pytest.raises(Busy, match="prop:A is busy"), locks.hold("prop:A", wait_seconds=0.02):
        pass


def test_different_keys_do_not_meet_even_where_their_file_names_look_alike(tmp_path):
    locks = FileLocks(tmp_path)

    with locks.hold("run:demo/x", wait_seconds=0), locks.hold("run:demo:x", wait_seconds=0):
        assert len(list(tmp_path.iterdir())) == 2


def test_a_lock_can_be_taken_again_and_leaves_no_file(tmp_path):
    locks = FileLocks(tmp_path)
    for _ in range(3):
        with locks.hold("prop:A", wait_seconds=0):
            pass

    assert list(tmp_path.iterdir()) == []


def test_a_lock_is_released_when_its_block_raises(tmp_path):
    locks = FileLocks(tmp_path)
    with pytest.raises(RuntimeError), locks.hold("prop:A"):
        raise RuntimeError

    with locks.hold("prop:A", wait_seconds=0):
        pass


def test_threads_of_one_process_exclude_each_other(tmp_path):
    locks = FileLocks(tmp_path)
    inside, most = [], []

    def work():
        for _ in range(20):
            with locks.hold("prop:A", wait_seconds=30):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == [1] * 120


@pytest.mark.process
def test_a_lock_dies_with_its_process(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout.readline() == b"held\n"
    locks = FileLocks(tmp_path)
    with pytest.raises(Busy), locks.hold("run:demo/2017-05-26", wait_seconds=0):
        pass

    holder.kill()
    holder.communicate()

    with locks.hold("run:demo/2017-05-26", wait_seconds=0):
        pass


def test_checkpoints_survive_their_process(tmp_path):
    path = tmp_path / "checkpoints.sqlite"
    config = {"configurable": {"thread_id": "t", "checkpoint_ns": ""}}
    saver = open_checkpoints(path)
    checkpoint = {"v": 4, "id": "1", "ts": "", "channel_values": {}, "channel_versions": {}, "versions_seen": {}}
    saver.put(config, checkpoint, {}, {})
    mode = saver.conn.execute("PRAGMA journal_mode").fetchone()
    saver.conn.close()

    again = open_checkpoints(path)

    assert mode == ("wal",)
    assert again.get_tuple(config).checkpoint["id"] == "1"
    again.conn.close()


def test_a_file_that_holds_no_checkpoints_is_refused(tmp_path):
    path = tmp_path / "checkpoints.sqlite"
    path.write_bytes(b"not a database, but long enough to look like one " * 40)

    with pytest.raises(LedgerDamaged, match="move it away"):
        open_checkpoints(path)
