"""Opening PM_HOME: first starts, later starts, damaged files."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from domain.errors import LedgerDamaged
from memory.ledger import opening
from memory.ledger.migrations import HEAD
from memory.ledger.migrations.upgrade import configuration
from memory.ledger.store import SqlLedger
from memory.ledger.tables import METADATA
from tests.memory.crowd import at_once
from tests.memory.fakes import FakeClock, a_mandate, drivers

REPOSITORY = Path(__file__).parents[2]
IMPORTS = """
from memory.checkpoints import open_checkpoints
from memory.ledger.store import SqlLedger
from tests.memory.fakes import D1, NOW, FakeClock, a_mandate
"""
OPEN_AND_WRITE = """
ledger = SqlLedger.open(home, FakeClock())
open_checkpoints(home / "checkpoints.sqlite").conn.close()
ledger.open_portfolio(a_mandate(), D1, NOW)
ledger.audit("system", "started", str(number), {}, "test")
"""


def test_the_migrated_schema_is_the_declared_one(ledger):
    with ledger._database.read() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        differences = compare_metadata(context, METADATA)

    assert differences == []


def test_head_is_the_newest_migration():
    assert ScriptDirectory.from_config(configuration()).get_current_head() == HEAD


def test_checks_on_enums_are_in_the_database(backend, desk):
    with pytest.raises((sqlite3.IntegrityError, psycopg.IntegrityError), match="ck_control_state"):
        backend.raw("UPDATE control SET state = 'ON_FIRE'")


def test_an_open_ledger_is_found_again_as_it_was(tmp_path, clock):
    first = SqlLedger.open(tmp_path, clock)
    first.open_portfolio(a_mandate(), clock.session(), clock.now())
    first.close()

    second = SqlLedger.open(tmp_path, clock)

    assert second.control("demo").epoch == 0
    second.close()


def test_opening_an_existing_ledger_needs_no_alembic(tmp_path):
    SqlLedger.open(tmp_path, FakeClock()).close()
    script = (
        "import sys; from pathlib import Path; from memory.ledger.opening import open_database;"
        f"open_database(Path({str(tmp_path)!r})); assert 'alembic' not in sys.modules"
    )

    subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, check=True)


def test_a_ledger_that_is_up_to_date_is_not_migrated_again(tmp_path, monkeypatch):
    def _migrate(path):
        raise AssertionError(f"{path} was migrated")

    SqlLedger.open(tmp_path, FakeClock()).close()
    monkeypatch.setattr(opening, "_migrate", _migrate)

    SqlLedger.open(tmp_path, FakeClock()).close()

    with pytest.raises(AssertionError, match="was migrated"):
        SqlLedger.open(tmp_path / "other", FakeClock())


@pytest.mark.process
def test_thirty_first_starts_at_once_all_work(tmp_path):
    went_wrong = at_once(tmp_path, 30, IMPORTS, OPEN_AND_WRITE)

    assert went_wrong == ""
    ledger = SqlLedger.open(tmp_path, FakeClock())
    assert ledger.verify_audit() == {"demo": 1, "system": 30}
    ledger.close()


def test_a_start_killed_while_making_the_ledger_leaves_the_next_one_a_clean_field(tmp_path):
    (tmp_path / "ledger.sqlite.new").write_bytes(b"half a file")

    SqlLedger.open(tmp_path, FakeClock()).close()

    assert sorted(path.name for path in tmp_path.iterdir()) == ["ledger.sqlite", "open.lock"]


@pytest.mark.parametrize("content", [b"", b"this is a text file, not a database " * 40])
def test_a_file_that_is_no_ledger_is_named_and_left_alone(tmp_path, content):
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(content)

    with pytest.raises(LedgerDamaged, match="another PM_HOME"):
        SqlLedger.open(tmp_path, FakeClock())

    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("harm", "named"),
    [
        ("DROP TABLE reservation", "lacks the table reservation"),
        ("UPDATE alembic_version SET version_num = '9999'", "a version this program does not know"),
        ("DELETE FROM alembic_version", "says 0 versions"),
        ("DROP TABLE alembic_version", "it says no version"),
    ],
)
def test_a_ledger_with_missing_parts_or_of_another_version_is_refused(tmp_path, harm, named):
    SqlLedger.open(tmp_path, FakeClock()).close()
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)) as raw:
        raw.execute(harm)
    before = (tmp_path / "ledger.sqlite").read_bytes()

    with pytest.raises(LedgerDamaged, match=named) as refusal:
        SqlLedger.open(tmp_path, FakeClock())

    assert "restore a copy of PM_HOME" in refusal.value.remedy
    assert (tmp_path / "ledger.sqlite").read_bytes() == before


def test_a_missing_ledger_beside_its_write_ahead_log_is_not_replaced(tmp_path):
    (tmp_path / "ledger.sqlite-wal").write_bytes(b"frames")

    with pytest.raises(LedgerDamaged, match="is missing"):
        SqlLedger.open(tmp_path, FakeClock())


def test_a_home_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "home").write_text("")

    with pytest.raises(LedgerDamaged, match="choose another PM_HOME"):
        SqlLedger.open(tmp_path / "home", FakeClock())


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_ledger_broken_while_open_says_so(tmp_path, desk):
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)) as raw:
        raw.execute("PRAGMA foreign_keys=OFF")
        raw.execute("DROP TABLE control")

    with pytest.raises(LedgerDamaged, match="control"):
        desk.ledger.control("demo")


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_ledger_that_cannot_grow_asks_for_space_not_for_a_copy(desk):
    for connection in drivers(desk):
        connection.execute("PRAGMA max_page_count=1")

    with pytest.raises(LedgerDamaged, match="full") as refusal:
        desk.ledger.audit("demo", "noted", "x" * 100_000, {}, "test")

    assert "free some space" in refusal.value.remedy
