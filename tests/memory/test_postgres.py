"""What only PostgreSQL has: an address, a server that goes away, advisory locks, checkpoints in the same database."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from domain.errors import BadInput, Busy, LedgerDamaged
from memory.checkpoints import open_postgres_checkpoints
from memory.ledger.store import SqlLedger
from memory.locks import AdvisoryLocks
from memory.postgres import DatabaseUnreachable, PostgresUrl
from tests.memory.crowd import REPOSITORY, at_once
from tests.memory.fakes import D1, NOW, FakeClock, a_mandate
from tests.standins.backends import PostgresBackend

pytestmark = pytest.mark.parametrize("backend", ["postgres"], indirect=True)
IMPORTS = """
from tests.memory.fakes import D1, NOW, FakeClock, a_mandate
from tests.standins.backends import checkpoints_at, ledger_at
"""
OPEN_AND_WRITE = """
ledger = ledger_at({address!r}, FakeClock())
checkpoints_at({address!r}).conn.close()
ledger.open_portfolio(a_mandate(), D1, NOW)
ledger.audit("system", "started", str(number), {{}}, "test")
"""
HOLD = """
import sys
from memory.locks import AdvisoryLocks
from memory.postgres import PostgresUrl
with AdvisoryLocks(PostgresUrl(sys.argv[1])).hold("run:demo/x"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def locks(backend):
    made = AdvisoryLocks(backend.url)
    yield made
    made.close()


@pytest.mark.process
def test_ten_first_starts_at_once_all_work(backend, tmp_path):
    empty = PostgresBackend(backend.cluster, backend.cluster.create())

    went_wrong = at_once(tmp_path, 10, IMPORTS, OPEN_AND_WRITE.format(address=empty.address))

    ledger = empty.open()
    assert went_wrong == ""
    assert ledger.verify_audit() == {"demo": 1, "system": 10}
    ledger.close()


def test_two_portfolios_are_written_at_the_same_time(ledger):
    ledger.open_portfolio(a_mandate("one"), D1, NOW)
    ledger.open_portfolio(a_mandate("two"), D1, NOW)

    with ledger.locked_book("one"), ThreadPoolExecutor(1) as pool:
        pool.submit(ledger.enter_session, "two", D1, NOW).result(timeout=4)

    assert [row.action for row in ledger.audit_rows("two")][-1] == "session_entered"


def test_a_ledger_whose_connections_were_cut_goes_on(backend, ledger):
    ledger.open_portfolio(a_mandate(), D1, NOW)

    backend.raw("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    ledger.audit("system", "noted", "x", {}, "test")

    assert ledger.verify_audit() == {"demo": 1, "system": 1}


def test_a_transaction_that_is_cut_off_runs_again_and_counts_once(backend, ledger, monkeypatch):
    cut, append = [], ledger._note

    def note_and_cut(*args):
        append(*args)
        if not cut:
            cut.append(1)
            backend.raw("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")

    monkeypatch.setattr(ledger, "_note", note_and_cut)
    ledger.audit("system", "noted", "x", {}, "test")

    assert ledger.verify_audit() == {"system": 1}


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("postgresql+psycopg://pm:geheim@127.0.0.1:1/desk", "127.0.0.1:1/desk can't be reached"),
        ("postgresql://pm:geheim@/nothing?host={folder}", 'database "nothing" does not exist'),
    ],
)
def test_a_database_that_is_not_there_is_one_clear_error_without_the_password(backend, address, said):
    url = PostgresUrl(address.format(folder=backend.cluster._folder))

    for opening in (lambda: SqlLedger.open_url(url, FakeClock()), lambda: open_postgres_checkpoints(url)):
        with pytest.raises(DatabaseUnreachable, match=said) as refusal:
            opening()
        assert "correct PM_DATABASE_URL" in refusal.value.remedy
        assert "geheim" not in str(refusal.value)
        assert refusal.value.__cause__ is None


@pytest.mark.parametrize("address", ["mysql://a:geheim@b/c", "geheim", "postgresql://a:geheim@b", "sqlite:///x"])
def test_what_is_no_address_of_a_postgres_database_is_refused(backend, address):
    with pytest.raises(BadInput, match="PM_DATABASE_URL") as refusal:
        PostgresUrl(address)

    assert "geheim" not in str(refusal.value)


def test_an_address_never_shows_its_password(backend):
    url = PostgresUrl("postgresql://pm:geheim@db.example:5432/desk")

    assert f"{url} {url!r} {url.for_sqlalchemy}".count("geheim") == 0


@pytest.mark.parametrize(
    ("harm", "named"),
    [
        ("DROP TABLE reservation", "lacks the table reservation"),
        ("UPDATE alembic_version SET version_num = '9999'", "a version this program does not know"),
        ("DELETE FROM alembic_version", "says 0 versions"),
        ("DROP TABLE alembic_version", "says no version"),
    ],
)
def test_a_ledger_with_missing_parts_or_of_another_version_is_refused(backend, harm, named):
    backend.raw(harm)

    with pytest.raises(LedgerDamaged, match=named):
        backend.open()


def test_a_second_holder_of_a_lock_is_told_that_it_is_busy(locks):
    with locks.hold("prop:A"), pytest.raises(Busy, match="prop:A is busy"), locks.hold("prop:A", wait_seconds=0.02):
        pass

    with locks.hold("prop:A", wait_seconds=0), locks.hold("prop:B", wait_seconds=0):
        pass


def test_a_lock_is_released_when_its_block_raises(locks):
    with pytest.raises(RuntimeError), locks.hold("prop:A"):
        raise RuntimeError

    with locks.hold("prop:A", wait_seconds=0):
        pass


def test_threads_of_one_process_exclude_each_other(locks):
    inside, most = [], []

    def work():
        for _ in range(10):
            with locks.hold("prop:A", wait_seconds=30):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == [1] * 60


@pytest.mark.process
def test_a_lock_dies_with_its_process(backend, locks):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, backend.address], cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(Busy), locks.hold("run:demo/x", wait_seconds=0):
        pass

    holder.kill()
    holder.communicate()

    with locks.hold("run:demo/x", wait_seconds=5):
        pass


def test_checkpoints_survive_their_process(backend):
    config = {"configurable": {"thread_id": "t", "checkpoint_ns": ""}}
    saver = open_postgres_checkpoints(backend.url)
    checkpoint = {"v": 4, "id": "1", "ts": "", "channel_values": {}, "channel_versions": {}, "versions_seen": {}}
    saver.put(config, checkpoint, {}, {})
    saver.conn.close()

    again = open_postgres_checkpoints(backend.url)

    assert again.get_tuple(config).checkpoint["id"] == "1"
    again.conn.close()
