"""Backups: taken while the desk goes on, checked before they are put back, never over something else."""

import shutil
import tarfile

import pytest

from domain.book import ControlState
from domain.errors import BadInput, OperatorNeeded
from tests.graph.conftest import open_desk
from workers.backup import back_up, restore
from workers.carry import Outcome, carry_out
from workers.desks import Desks
from workers.settings import Settings


@pytest.fixture(params=["sqlite", "postgres"])
def places(request, tmp_path):
    """Settings of a desk, and of an empty place to restore it to."""
    if request.param == "sqlite":
        yield Settings(_env_file=None, home=tmp_path / "a"), Settings(_env_file=None, home=tmp_path / "b")
        return
    cluster = request.getfixturevalue("postgres")
    names = [cluster.create(), cluster.create()]
    yield tuple(
        Settings(_env_file=None, home=tmp_path / folder, database_url=cluster.url(name))
        for folder, name in zip("ab", names, strict=True)
    )
    for name in names:
        cluster.drop(name)


def traded(settings, monkeypatch):
    monkeypatch.setenv("PM_HOME", str(settings.home))
    url = settings.database_url.get_secret_value() if settings.database_url else ""
    monkeypatch.setenv("PM_DATABASE_URL", url)
    return Desks(settings)


def state(ledger):
    return (
        [(r.id, r.status, r.quantity) for r in ledger.proposals("demo")],
        [(i.client_order_id, i.state, i.filled_quantity) for i in ledger.intents("demo")],
        ledger.calls("demo", "2017-05-26"),
    )


def test_a_backup_holds_everything_and_a_restored_desk_only_reduces_until_a_person_looks(places, tmp_path, monkeypatch):
    source, target = places
    with traded(source, monkeypatch) as desks:
        assert carry_out(desks, "run_slot", "demo", "2017-05-26") is Outcome.DONE
        before = state(desks.ledger)
        back_up(source, tmp_path / "b.tar.gz")

    made = restore(target, tmp_path / "b.tar.gz")

    assert made.audit_rows > 0
    with traded(target, monkeypatch) as desks:
        assert state(desks.ledger) == before
        control = desks.ledger.control("demo")
        assert control.state is ControlState.REDUCING
        assert "restored from the backup" in control.reason
        assert carry_out(desks, "reconcile", "demo") is Outcome.DONE
        assert desks.ledger.mismatches("demo") == ()
        assert carry_out(desks, "run_slot", "demo", "2017-05-30") is Outcome.DONE


def test_nothing_is_overwritten(places, tmp_path, monkeypatch):
    source, _ = places
    with traded(source, monkeypatch) as desks:
        desks.of("demo", enters=True)
        back_up(source, tmp_path / "b.tar.gz")

    with pytest.raises(BadInput, match="exists"):
        back_up(source, tmp_path / "b.tar.gz")
    with pytest.raises(OperatorNeeded, match="already"):
        restore(source, tmp_path / "b.tar.gz")


def test_a_damaged_or_foreign_file_is_refused_before_anything_is_put_back(tmp_path):
    with open_desk(tmp_path / "a"):
        back_up(Settings(_env_file=None, home=tmp_path / "a"), tmp_path / "whole.tar.gz")
    folder = tmp_path / "unpacked"
    with tarfile.open(tmp_path / "whole.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    with (folder / "ledger.sqlite").open("ab") as file:
        file.write(b"x")
    with tarfile.open(tmp_path / "damaged.tar.gz", "w:gz") as archive:
        for path in folder.iterdir():
            archive.add(path, arcname=path.name)
    (tmp_path / "text.tar.gz").write_text("hello")

    target = Settings(_env_file=None, home=tmp_path / "b")
    with pytest.raises(BadInput, match=r"damaged: ledger\.sqlite"):
        restore(target, tmp_path / "damaged.tar.gz")
    with pytest.raises(BadInput, match="is no backup"):
        restore(target, tmp_path / "text.tar.gz")
    assert not (tmp_path / "b").exists()
    shutil.rmtree(folder)
